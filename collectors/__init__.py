"""Devices to Kafka: the record contract, vendor profiles, inventory and gNMI sessions."""
