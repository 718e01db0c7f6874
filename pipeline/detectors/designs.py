"""Which of the four EVPN designs a fabric has, and what is normal in it.

ipSpace.net, 2024/10 (evpn-designs): IBGP over an IGP with route reflectors; EBGP alone, one session per link
for underlay and EVPN; EBGP between loopbacks over EBGP on the links; IBGP between loopbacks over EBGP. They
differ in what telemetry shows: whether the two ends of an EVPN session have one AS, whether the neighbour's
address is one of a link or of a loopback, and whether BGP sessions without EVPN run on the links.

What is normal: where sessions run on links, a link that goes takes its session and all it brought, to be
announced again with the same attributes (churn, no loss), and underlay and overlay share their fate. Where
they run between loopbacks a session outlives links, and can be up while what it says is stale. An EBGP hop
changes the next hop unless told not to; a route reflector doesn't (RFC 4456, section 10).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal, NamedTuple

from pipeline.detectors.topology import Address

Name = Literal["ibgp", "ebgp", "ebgp-ebgp", "ibgp-ebgp"]
NAMES: Final[Mapping[str, Name]] = {
    "ibgp": "ibgp",
    "ibgp-igp": "ibgp",
    "ebgp": "ebgp",
    "ebgp-ebgp": "ebgp-ebgp",
    "ibgp-ebgp": "ibgp-ebgp",
}
"""What may be declared, and the design meant."""
WORDS: Final[Mapping[Name, str]] = {
    "ibgp": "IBGP over an IGP",
    "ebgp": "EBGP on the links",
    "ebgp-ebgp": "EBGP over EBGP",
    "ibgp-ebgp": "IBGP over EBGP",
}


class Session(NamedTuple):
    """One end of a BGP session as it is configured; what isn't told is None."""

    device: str
    neighbor: str
    local_as: int | None
    peer_as: int | None
    evpn: bool
    """EVPN is among its address families."""


@dataclass(frozen=True)
class Design:
    """A design, and why it is taken for it."""

    name: Name | None
    """None: it can't be told."""
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return the design's name for people."""
        return "a design that can't be told" if self.name is None else WORDS[self.name]

    @property
    def between_loopbacks(self) -> bool | None:
        """Return whether EVPN sessions outlive links; None if it can't be told."""
        return None if self.name is None else self.name != "ebgp"

    @property
    def external(self) -> bool | None:
        """Return whether a hop of EVPN changes the next hop by default; None if it can't be told."""
        return None if self.name is None else self.name.startswith("ebgp")


UNKNOWN: Final = Design(None, ("no EVPN session tells AS numbers and a neighbour with a known address",))


def recognised(sessions: Iterable[Session], addresses: Iterable[Address], declared: str | None) -> Design:
    """Return the design that most EVPN sessions show, or the one declared.

    Sessions to neighbours whose address nobody has (monitors, gateways) say nothing.
    """
    if declared is not None and declared.lower() in NAMES:
        return Design(NAMES[declared.lower()], (f"declared: {declared}",))
    hosts: dict[str, bool] = {}
    for entry in addresses:
        if entry.prefix_length is not None and (full := _full(entry.address)) is not None:
            hosts[entry.address] = entry.prefix_length == full
    inside = [one for one in sessions if one.neighbor in hosts]
    evpn = [one for one in inside if one.evpn and None not in (one.local_as, one.peer_as)]
    if not evpn:
        return UNKNOWN
    same = sum(one.local_as == one.peer_as for one in evpn)
    loopback = sum(hosts[one.neighbor] for one in evpn)
    underlay = sum(not one.evpn and not hosts[one.neighbor] for one in inside)
    total = len(evpn)
    reasons = (
        f"{same} of {total} EVPN sessions are between equal AS numbers",
        f"{loopback} of {total} EVPN neighbours are loopbacks",
        f"{underlay} BGP sessions without EVPN run on links",
    )
    shown = Counter(_shown(one, over_loopback=hosts[one.neighbor], underlay=underlay > 0) for one in evpn)
    name, votes = shown.most_common(1)[0]
    return Design(name if 2 * votes > total else None, reasons)


def _shown(session: Session, *, over_loopback: bool, underlay: bool) -> Name | None:
    """Return the design that one session shows; None: none of the four."""
    internal = session.local_as == session.peer_as
    if not over_loopback:
        return None if internal else "ebgp"
    if internal:
        return "ibgp-ebgp" if underlay else "ibgp"
    return "ebgp-ebgp"


def _full(address: str) -> int | None:
    try:
        return ip_address(address).max_prefixlen
    except ValueError:
        return None
