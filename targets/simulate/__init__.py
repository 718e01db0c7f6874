"""The command ``simulate``: a simulated fabric written to a capture, or served by gNMI targets."""
