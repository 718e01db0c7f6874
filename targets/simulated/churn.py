"""Load without harm: hosts that go away and come back, at a rate of updates."""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Final

from collectors.errors import InputError
from targets.simulated.agenda import MS, SECOND
from targets.simulated.design import Host
from targets.simulated.devices import Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote

_TICK_NS: Final = 10 * MS
_AWAY_NS: Final = 500 * MS
_SETTLED_NS: Final = 700 * MS
"""After so long all that a host's absence and return makes devices say has been said."""
_GUESS: Final = 100
"""Updates that a host makes for each device, before it is known."""


@dataclass(slots=True)
class _Churn:
    """The load so far."""

    start_ns: int
    end_ns: int
    rate: float
    before: int
    """Updates told before it began."""
    made: int = 0
    """Absences begun."""
    recent: deque[int] = field(default_factory=deque)
    """When the latest of them began."""


def churn(fabric: Fabric, time_ns: int, rate: float, seconds: float) -> None:
    """Let hosts go away and come back so that all devices together say ``rate`` updates a second."""
    hosts = [host for host in fabric.hosts.values() if host.segment is None]
    if rate <= 0 or seconds <= 0:
        raise InputError("a load has a rate and a time above 0")
    fabric.agenda.note(ActionNote(time_ns, "load", {"rate": rate, "seconds": seconds}))
    load = _Churn(time_ns, time_ns + round(seconds * SECOND), rate, fabric.agenda.told)
    turns = cycle(hosts)
    fabric.agenda.at(time_ns, partial(_tick, fabric, load=load, turns=turns, hosts=len(hosts)))


def _tick(fabric: Fabric, time_ns: int, load: _Churn, turns: "cycle[Host]", hosts: int) -> None:
    if time_ns >= load.end_ns:
        return
    while load.recent and load.recent[0] <= time_ns - _SETTLED_NS:
        load.recent.popleft()
    settled = load.made - len(load.recent)
    told = fabric.agenda.told - load.before
    each = max(told / settled, 1.0) if settled else _GUESS * len(fabric.devices)
    wanted = load.rate * (time_ns - load.start_ns) / SECOND / each
    for _ in range(hosts):
        if load.made >= wanted:
            break
        _leave(fabric, time_ns, next(turns))
        load.made += 1
        load.recent.append(time_ns)
    due = time_ns + _TICK_NS
    fabric.agenda.at(due, partial(_tick, fabric, load=load, turns=turns, hosts=hosts))


def _leave(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Let a host go away, unless it is in two places or away already, and come back soon."""
    places = fabric.places[host.name]
    if len(places) != 1:
        return
    leaf = fabric.leaves[next(iter(places))]
    fabric.places[host.name] = set()
    fabric.forget(leaf, [(host.vni, host.mac)], time_ns)
    fabric.agenda.at(time_ns + _AWAY_NS, partial(_return, fabric, host=host, leaf=leaf))


def _return(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    if not fabric.places[host.name]:
        fabric.places[host.name] = {leaf.node.number}
        fabric.learn(leaf, host, time_ns)
