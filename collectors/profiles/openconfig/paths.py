"""Paths that several mappings share."""

from typing import Final

from collectors.profiles import Key, Kind

NETWORK_INSTANCE: Final = "/network-instances/network-instance[name]"
INTERFACE: Final = "/interfaces/interface[name]"
IN_INSTANCE: Final = Key("network-instance[name]", "network_instance", Kind.TEXT)
