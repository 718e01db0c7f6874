"""Kafka to incidents: decode, apply, detect, correlate, store."""
