"""What belongs to each subscription family: where its paths begin, and what is said with what."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collectors.profiles import LIVENESS
from targets.openconfig import rib

INTERFACES: Final = "/interfaces"
SEGMENTS: Final = "/ethernet-segments"
LACP: Final = "/lacp/interfaces"
LLDP: Final = "/lldp/interfaces"
BFD: Final = "/bfd/interfaces"
LIVENESS_PATH: Final = "/system/state/current-datetime"
LIVENESS_INTERVAL_NS: Final = 5_000_000_000
"""Of the profile's liveness subscription."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Family:
    """A family as targets say it."""

    name: str
    prefix: str
    """What the paths of all its notifications begin with."""
    joined: tuple[str, ...] = ()
    """Tables that other rows point into: said before those rows, withdrawn after them."""
    context: tuple[str, str] | None = None
    """A list, and a leaf of the entry that holds it: said again with whatever changes in the list."""


def datetime_text(time_ns: int) -> str:
    """Return a time as the liveness path tells it."""
    return (_EPOCH + timedelta(microseconds=time_ns // 1_000)).isoformat(timespec="microseconds")


FAMILIES: Final = {
    family.name: family
    for family in (
        Family("routes", rib.BGP, joined=(rib.ATTR_SETS, rib.EXT_COMMUNITIES)),
        Family("mac", "/network-instances", context=("/producers/", "/state/l2-vni")),
        Family("vtep", "/network-instances"),
        Family("es", SEGMENTS),
        Family("link", INTERFACES),
        Family("bgp", rib.BGP),
        Family("lacp", LACP),
        Family("lldp", LLDP),
        Family("bfd", BFD),
        Family("isis", "/network-instances"),
        Family("ospf", "/network-instances"),
        Family(LIVENESS, "/system/state"),
    )
}
