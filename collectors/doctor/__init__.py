"""What is wrong, or soon will be, between devices, Kafka and this machine: one check per module."""
