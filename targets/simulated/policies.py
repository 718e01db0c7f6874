"""Policies that somebody got wrong: what spines do to routes on their way, what leaves export and import."""

from functools import partial
from typing import Final

from collectors.errors import InputError
from targets.openconfig.communities import Community
from targets.simulated.design import FABRIC_AS
from targets.simulated.devices import Device, Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.faults import segment_at
from targets.simulated.news import ActionNote
from targets.simulated.policy import Stripped

_ALGORITHMS: Final = 32
"""The field has five bits."""
_PARTS: Final = ("ad", "es", "evi", "none")


def next_hop_self(fabric: Fabric, time_ns: int, spine: Device, *, on: bool) -> None:
    """Let a spine make itself the next hop of EVPN routes, or leave it as it is."""
    _act(fabric, time_ns, "next-hop-self", spine, on=on)
    spine.policy.next_hop = spine.node.address if on else ""
    fabric.routing.refresh(spine, time_ns)


def strip(fabric: Fabric, time_ns: int, spine: Device, *, what: Stripped) -> None:
    """Let a spine take extended communities from the routes that it passes on."""
    _act(fabric, time_ns, f"strip-{what}", spine, on=what != "nothing")
    spine.policy.stripped = what
    fabric.routing.refresh(spine, time_ns)


def silent(fabric: Fabric, time_ns: int, spine: Device, *, on: bool) -> None:
    """Let a spine announce no EVPN route, while sessions and address family are up, or all again."""
    _act(fabric, time_ns, "evpn-silent", spine, on=on)
    spine.policy.silent = on
    fabric.routing.refresh(spine, time_ns)


def auto_targets(fabric: Fabric, time_ns: int, leaf: Leaf, *, on: bool) -> None:
    """Let a leaf make its route targets from its own AS, or from the one that all have agreed on."""
    _act(fabric, time_ns, "auto-rt", leaf, on=on)
    leaf.announcer.target_as = leaf.node.underlay_asn if on else FABRIC_AS
    fabric.reconsider(leaf, partial(_import, leaf, leaf.announcer.targets()), time_ns)
    everything(fabric, time_ns, leaf, announced=True)


def refuse(fabric: Fabric, time_ns: int, leaf: Leaf, *, on: bool) -> None:
    """Let a leaf take no route without the encapsulation community, as some systems do, or all."""
    _act(fabric, time_ns, "refuse-bare", leaf, on=on)
    fabric.reconsider(leaf, partial(setattr, leaf, "strict", on), time_ns)


def detection(fabric: Fabric, time_ns: int, leaf: Leaf, *, on: bool) -> None:
    """Switch the duplicate detection of a leaf on or off: off, it freezes no MAC from now on."""
    _act(fabric, time_ns, "dup-detection-off", leaf, on=not on)
    leaf.learning.detects = on


def withdraw(fabric: Fabric, time_ns: int, leaf: Leaf, *, on: bool) -> None:
    """Let a leaf withdraw all its EVPN routes, as one does whose configuration came out empty."""
    _act(fabric, time_ns, "withdraw-all", leaf, on=on)
    everything(fabric, time_ns, leaf, announced=not on)


def leak(fabric: Fabric, time_ns: int, leaf: Leaf, count: float) -> None:
    """Let a leaf announce so many prefixes that belong elsewhere; 0: none any more."""
    _act(fabric, time_ns, "leak", leaf, on=count > 0)
    routes = list(leaf.announcer.leaked(round(count)))
    kept = {route.entry for route in routes}
    gone = dict.fromkeys(it.entry for it in leaf.leaked if it.entry not in kept)
    leaf.leaked = routes
    fabric.routing.announce(leaf, gone | {route.entry: route for route in routes}, time_ns)


def everything(fabric: Fabric, time_ns: int, leaf: Leaf, *, announced: bool) -> None:
    """Announce anew all that a leaf has to announce, or withdraw it."""
    routes = fabric.static_routes(leaf)
    for number, up in leaf.legs.items():
        if up:
            routes += leaf.announcer.segment(fabric.plan.segments[number])
    for mac, local in leaf.learning.local.items():
        if not local.frozen and not local.quiet:
            routes += leaf.announcer.mac(*mac, local)
    if announced:
        fabric.originate(leaf, routes, time_ns)
    else:
        fabric.routing.announce(leaf, dict.fromkeys(route.entry for route in routes), time_ns)


def withhold(fabric: Fabric, time_ns: int, leaf: Leaf, lag: str, what: str) -> None:
    """Let a leaf withdraw part of what it announces of a leg that is up: ad, es or evi; none: nothing.

    ``ad`` is the A-D route of the whole segment, ``es`` the type 4 route, ``evi`` the A-D route of each VNI.
    """
    number = segment_at(fabric, leaf, lag)
    if what not in _PARTS or not leaf.legs[number]:
        raise InputError(f"of a leg that is up one of {', '.join(_PARTS)} can be withheld")
    _act(fabric, time_ns, "es-withhold", leaf, on=what != "none")
    whole, election, *each = leaf.announcer.segment(fabric.plan.segments[number])
    parts = {"ad": [whole], "es": [election], "evi": each, "none": []}
    fabric.originate(leaf, [whole, election, *each], time_ns)
    fabric.routing.announce(leaf, dict.fromkeys(route.entry for route in parts[what]), time_ns)


def elect_by(fabric: Fabric, time_ns: int, leaf: Leaf, lag: str, algorithm: float) -> None:
    """Let one leaf advertise another DF algorithm: all go on with the modulus (RFC 8584, section 2.2.1)."""
    number = segment_at(fabric, leaf, lag)
    peers = [it for it in fabric.leaves if it is not leaf and number in it.legs]
    if not 0 <= algorithm < _ALGORITHMS or any(lag in it.announcer.df_algorithms for it in peers):
        raise InputError(f"one leaf of {lag} alone may elect otherwise, by a number below {_ALGORITHMS}")
    _act(fabric, time_ns, "df-algorithm", leaf, on=algorithm > 0)
    if algorithm:
        leaf.announcer.df_algorithms[lag] = int(algorithm)
    else:
        leaf.announcer.df_algorithms.pop(lag, None)
    if leaf.legs[number]:
        _, election, *_ = leaf.announcer.segment(fabric.plan.segments[number])
        fabric.originate(leaf, [election], time_ns)


def gateways(fabric: Fabric, time_ns: int) -> None:
    """Let all leaves announce the anycast gateways of all VNIs: the same MAC and address everywhere."""
    fabric.agenda.note(ActionNote(time_ns, "gateways"))
    for leaf in fabric.leaves:
        routes = [route for vni in fabric.plan.vnis for route in leaf.announcer.gateway(vni)]
        fabric.originate(leaf, routes, time_ns)


def _import(leaf: Leaf, targets: frozenset[Community]) -> None:
    leaf.imports = targets


def _act(fabric: Fabric, time_ns: int, action: str, device: Device, *, on: bool) -> None:
    fabric.agenda.note(ActionNote(time_ns, action if on else f"{action}-clear", {"node": device.name}))
