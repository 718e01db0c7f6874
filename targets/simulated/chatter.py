"""What is always going on: hosts that take a new temporary address (RFC 8981) and leave the one before."""

from functools import partial
from typing import Final

from collectors.errors import InputError
from targets.simulated.agenda import MS, SECOND
from targets.simulated.bridging import Local
from targets.simulated.design import Host
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote

_EVERY: Final = (100 * MS, 400 * MS)
_KINDS: Final = 4
"""Temporary addresses of a host, taken in turns."""


def chatter(fabric: Fabric, time_ns: int, seconds: float) -> None:
    """Let hosts renew addresses for so long, some three a second."""
    if seconds <= 0:
        raise InputError("chatter lasts for a time above 0")
    fabric.agenda.note(ActionNote(time_ns, "chatter", {"seconds": seconds}))
    until_ns = time_ns + round(seconds * SECOND)
    _next(fabric, time_ns, until_ns, [host for host in fabric.plan.hosts if host.segment is None])


def _next(fabric: Fabric, time_ns: int, until_ns: int, hosts: list[Host]) -> None:
    due = time_ns + fabric.agenda.between(*_EVERY)
    if due < until_ns:
        fabric.agenda.at(due, partial(_renew, fabric, until_ns=until_ns, hosts=hosts))


def _renew(fabric: Fabric, time_ns: int, until_ns: int, hosts: list[Host]) -> None:
    """Give some host a new temporary address, if it has one place where it is known."""
    host = hosts[fabric.agenda.between(0, len(hosts) - 1)]
    places = fabric.places[host.name]
    if len(places) == 1:
        leaf = fabric.leaves[next(iter(places))]
        local = leaf.learning.local.get((host.vni, host.mac))
        if local is not None and not local.frozen:
            fabric.readdress(leaf, (host.vni, host.mac), _renewed(fabric, host, local), time_ns)
    _next(fabric, time_ns, until_ns, hosts)


def _renewed(fabric: Fabric, host: Host, local: Local) -> tuple[str, ...]:
    number = int(host.name.removeprefix("h"))
    own = [f"2001:db8:{fabric.vlans[host.vni]:x}::{number:x}:{turn:x}" for turn in range(1, _KINDS + 1)]
    taken = next((at for at, address in enumerate(own) if address in local.ips), -1)
    return (*host.ips, own[(taken + 1) % _KINDS])
