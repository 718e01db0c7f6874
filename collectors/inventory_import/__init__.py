"""Devices that another system knows of, as an inventory."""
