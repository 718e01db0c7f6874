"""Two leaves as a redundant pair without a segment: both announce hosts with one shared VTEP address.

When a host is left with a link to one of them, that one announces it with its own address and a newer
sequence number: a move that moves nothing (ipspace.net, 2024/05, mlag-vxlan-rerouting).
"""

from functools import partial
from ipaddress import ip_address
from typing import Final

from collectors.errors import InputError
from targets.simulated.bridging import NUMBERS, Local, Mac
from targets.simulated.design import Host
from targets.simulated.devices import Leaf, host_port
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote
from targets.simulated.ports import Port
from targets.simulated.saying import Saying

_SHARED: Final = "lo1"
_APART: Final = 1 << 16
"""Between a leaf's own address and the one it shares: 10.1.0.1 and 10.2.0.1."""


def pair(fabric: Fabric, time_ns: int, one: Leaf, other: Leaf) -> None:
    """Make two leaves a pair: the hosts of both are attached to both, behind one address."""
    fabric.agenda.note(ActionNote(time_ns, "mlag", {"node": one.name, "peer": other.name}))
    shared = _shared(one)
    for leaf in (one, other):
        port = Port(_SHARED, "softwareLoopback", 3_000, ((shared, 32 if "." in shared else 128),))
        leaf.ports[_SHARED] = port
        saying = Saying()
        saying.replace("link", {}, port.leaves())
        fabric.agenda.say(leaf.name, saying, time_ns)
    numbers = {one.node.number, other.node.number}
    for host in fabric.plan.hosts:
        if host.segment is None and fabric.places[host.name] <= numbers and fabric.places[host.name]:
            fabric.places[host.name] = set(numbers)
            seq = max(
                leaf.learning.local[_mac(host)].seq
                for leaf in (one, other)
                if _mac(host) in leaf.learning.local
            )
            for leaf in (one, other):
                _set(
                    fabric,
                    leaf,
                    host,
                    Local(host.ips, host_port(fabric.plan), None, seq, next_hop=shared),
                    time_ns,
                )


def orphan(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Take the link to one leaf of a pair from a host; the other announces it with its own address."""
    fabric.agenda.note(ActionNote(time_ns, "mlag-member-down", {"host": host.name, "node": leaf.name}))
    kept = _paired(fabric, host, leaf)
    fabric.places[host.name] = {kept.node.number}
    local = kept.learning.local[_mac(host)]
    _set(fabric, kept, host, Local(local.ips, local.port, None, (local.seq + 1) % NUMBERS), time_ns)
    fabric.forget(leaf, [_mac(host)], time_ns)


def join(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Give it back: both announce it with the shared address again."""
    fabric.agenda.note(ActionNote(time_ns, "mlag-member-up", {"host": host.name, "node": leaf.name}))
    kept = next((fabric.leaves[it] for it in fabric.places[host.name]), None)
    if kept is None or kept is leaf or _SHARED not in kept.ports or _SHARED not in leaf.ports:
        raise InputError(f"{host.name} is not behind the other leaf of a pair with {leaf.name}")
    local = kept.learning.local[_mac(host)]
    shared = kept.ports[_SHARED].addresses[0][0]
    fabric.places[host.name] = {kept.node.number, leaf.node.number}
    again = (local.seq + 1) % NUMBERS
    for each in (kept, leaf):
        _set(fabric, each, host, Local(local.ips, local.port, None, again, next_hop=shared), time_ns)


def _paired(fabric: Fabric, host: Host, leaf: Leaf) -> Leaf:
    """Return the other leaf that a host is attached to."""
    others = fabric.places[host.name] - {leaf.node.number}
    if len(others) != 1 or _SHARED not in leaf.ports:
        raise InputError(f"{host.name} is not behind a pair with {leaf.name}: make one with mlag")
    return fabric.leaves[next(iter(others))]


def _set(fabric: Fabric, leaf: Leaf, host: Host, local: Local, time_ns: int) -> None:
    fabric.reconsider(leaf, partial(leaf.learning.local.__setitem__, _mac(host), local), time_ns)
    fabric.announce_mac(leaf, _mac(host), time_ns)


def _shared(leaf: Leaf) -> str:
    return str(ip_address(int(ip_address(leaf.node.address)) + _APART))


def _mac(host: Host) -> Mac:
    return host.vni, host.mac
