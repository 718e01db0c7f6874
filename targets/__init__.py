"""The device side: gNMI targets, the simulated fabric, the FRR agent and recordings."""
