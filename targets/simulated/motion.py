"""Hosts that come, go and move, and MACs that are in two places at once."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from collectors.errors import InputError
from targets.simulated.agenda import MS, SECOND
from targets.simulated.design import Host
from targets.simulated.devices import Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote

ANNOUNCEMENTS: Final = 600 * MS
"""Between the announcements that a migrated machine sends from its old and new place."""
_SETTLE: Final = SECOND
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
LOOP_INTERVAL: Final = 400 * MS


def attach(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Attach a host that is nowhere to a leaf."""
    _single(fabric, host)
    if fabric.places[host.name]:
        raise InputError(f"{host.name} is attached already: detach it first")
    _act(fabric, time_ns, "host-attach", host, leaf=leaf.name)
    fabric.places[host.name] = {leaf.node.number}
    fabric.learn(leaf, host, time_ns)


def come(fabric: Fabric, time_ns: int, name: str, mac: str, leaf: Leaf) -> None:
    """Let a host come up at a leaf that the design doesn't have, with any MAC and no address."""
    if not _MAC.fullmatch(mac):
        raise InputError(f"{mac!r} is no MAC: write it as 00:00:5e:00:01:0a")
    if name in fabric.hosts:
        raise InputError(f"there is a host {name} already")
    host = Host(name, mac, (), fabric.plan.vnis[0].number, leaf=None)
    fabric.hosts[name], fabric.places[name] = host, set()
    attach(fabric, time_ns, host, leaf)


def detach(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Take a host away: its port goes down, and its routes are withdrawn."""
    _single(fabric, host)
    _act(fabric, time_ns, "host-detach", host)
    for number in sorted(fabric.places[host.name]):
        fabric.forget(fabric.leaves[number], [(host.vni, host.mac)], time_ns)
    fabric.places[host.name] = set()


def move(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Move a host to another leaf; it says so at once."""
    _single(fabric, host)
    _move(fabric, time_ns, host, leaf, "single move")


def _move(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, label: str) -> None:
    frm = [fabric.leaves[it].name for it in sorted(fabric.places[host.name])]
    _act(fabric, time_ns, "mac-move", host, frm=frm, to=leaf.name, label=label)
    fabric.places[host.name] = {leaf.node.number}
    fabric.learn(leaf, host, time_ns)


def migrate(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Migrate a virtual machine: its MAC moves six times until it stays at another leaf.

    Announcements of the old hypervisor and of both uplinks of the new one cross each other (Juniper KB35676).
    """
    home = _home(fabric, host)
    if home is leaf:
        raise InputError(f"{host.name} is at {leaf.name} already")
    third = next((it for it in fabric.leaves if it not in (home, leaf)), home)
    for at, to in enumerate((leaf, home, leaf, home, third, leaf)):
        fabric.agenda.at(
            time_ns + at * ANNOUNCEMENTS,
            partial(_move, fabric, host=host, leaf=to, label="vMotion: six moves, then it stays"),
        )


def duplicate(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, seconds: float) -> None:
    """Give another host at a leaf the same MAC: it is learned in turns here and there, each so often."""
    home = _home(fabric, host)
    if home is leaf:
        raise InputError(f"{host.name} is at {leaf.name}: a duplicate has to be elsewhere")
    label = "a second host with the same MAC"
    _act(fabric, time_ns, "duplicate", host, frm=[home.name], to=leaf.name, label=label)
    fabric.places[host.name] = {home.node.number, leaf.node.number}
    _alternate(fabric, time_ns, host, (leaf, home), round(seconds * SECOND))


def clear(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Leave a MAC that was duplicate to the host at one leaf; leaves that froze it let it go."""
    _single(fabric, host)
    _act(fabric, time_ns, "duplicate-clear", host, to=leaf.name)
    _unify(fabric, time_ns, host, leaf)


def loop(fabric: Fabric, time_ns: int, one: Leaf, other: Leaf) -> None:
    """Close a loop between two leaves: the MACs at one of them appear at both, many times a second."""
    _act_at(fabric, time_ns, "loop", one, other)
    for host in _looping(fabric, one):
        fabric.places[host.name] = {one.node.number, other.node.number}
        start = time_ns + fabric.agenda.between(0, LOOP_INTERVAL)
        fabric.agenda.at(
            start,
            partial(_alternate, fabric, host=host, leaves=(other, one), every_ns=LOOP_INTERVAL),
        )


def unloop(fabric: Fabric, time_ns: int, one: Leaf, other: Leaf) -> None:
    """Open a loop; leaves that froze MACs let them go."""
    _act_at(fabric, time_ns, "loop-clear", one, other)
    both = {one.node.number, other.node.number}
    for host in fabric.hosts.values():
        if host.segment is None and fabric.places[host.name] == both:
            _unify(fabric, time_ns, host, one)


def _looping(fabric: Fabric, leaf: Leaf) -> list[Host]:
    here = {leaf.node.number}
    return [it for it in fabric.hosts.values() if it.segment is None and fabric.places[it.name] == here]


def _alternate(fabric: Fabric, time_ns: int, host: Host, leaves: tuple[Leaf, Leaf], every_ns: int) -> None:
    """Learn a host at one leaf now, at the other later, and so on while it is at both."""
    if fabric.places[host.name] != {leaf.node.number for leaf in leaves}:
        return
    fabric.learn(leaves[0], host, time_ns)
    fabric.agenda.at(
        time_ns + every_ns,
        partial(_alternate, fabric, host=host, leaves=(leaves[1], leaves[0]), every_ns=every_ns),
    )


def _unify(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    mac = (host.vni, host.mac)
    others = [fabric.leaves[it] for it in fabric.places[host.name] if it != leaf.node.number]
    fabric.places[host.name] = {leaf.node.number}
    for other in others:
        other.learning.moves.pop(mac, None)
        fabric.forget(other, [mac], time_ns)
    leaf.learning.moves.pop(mac, None)
    local = leaf.learning.local.get(mac)
    if local is None or local.frozen:
        fabric.forget(leaf, [mac], time_ns)
        fabric.agenda.at(time_ns + _SETTLE, partial(fabric.learn, leaf, host))


def _home(fabric: Fabric, host: Host) -> Leaf:
    _single(fabric, host)
    places: Sequence[int] = sorted(fabric.places[host.name])
    if len(places) != 1:
        where = " and ".join(fabric.leaves[it].name for it in places) or "no leaf"
        raise InputError(f"{host.name} is attached to {where}: this takes a host in one place")
    return fabric.leaves[places[0]]


def _single(fabric: Fabric, host: Host) -> None:
    if host.segment is not None:
        name = fabric.plan.segments[host.segment].name
        raise InputError(f"{host.name} is behind the segment {name}, and stays there")


def _act(fabric: Fabric, time_ns: int, action: str, host: Host, **fields: str | list[str]) -> None:
    told = {"host": host.name, "mac": host.mac, "vni": host.vni, **fields}
    fabric.agenda.note(ActionNote(time_ns, action, told))


def _act_at(fabric: Fabric, time_ns: int, action: str, one: Leaf, other: Leaf) -> None:
    fabric.agenda.note(ActionNote(time_ns, action, {"node": one.name, "peer": other.name}))
