"""What can happen to cables: blips, BFD that fails, cables in the wrong port, members of LAGs that fail."""

from functools import partial
from typing import Final

from collectors.errors import InputError
from targets.simulated import faults
from targets.simulated.agenda import SECOND
from targets.simulated.devices import Device, Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote, PortNote
from targets.simulated.routing import Session
from targets.simulated.saying import Saying
from targets.simulated.wires import Member

_BETWEEN: Final = 5 * SECOND
"""From one blip of a port, or failure of a session, to the next."""
_HANDS: Final = 2 * SECOND
"""What it takes to pull two cables and plug them in elsewhere."""


def blip(fabric: Fabric, time_ns: int, device: Device, port: str, times: float) -> None:
    """Let a link between a leaf and a spine go down so often, each 5 s, for a second each time."""
    link = faults.session_at(fabric, device, port)
    _act(fabric, time_ns, "link-flap", device, port, times=times)
    for turn in range(round(times)):
        down = time_ns + turn * _BETWEEN
        for at, cut in ((down, True), (down + SECOND, False)):
            fabric.agenda.at(at, partial(_cut, fabric, device=device, link=link, cut=cut))


def fail_bfd(fabric: Fabric, time_ns: int, device: Device, port: str, times: float) -> None:
    """Let the BFD session on a link fail so often, each 5 s; the link and BGP don't notice."""
    link = faults.session_at(fabric, device, port)
    _act(fabric, time_ns, "bfd-flap", device, port, times=times)
    wiring = fabric.routing.wiring
    for turn in range(round(times)):
        fabric.agenda.at(time_ns + turn * _BETWEEN, lambda now: wiring.fail_bfd(link, now))


def miscable(fabric: Fabric, time_ns: int, leaf: Leaf, port: str, other: str, *, wrong: bool) -> None:
    """Exchange the cables of two uplinks of a leaf, or put them back: links come up, sessions don't."""
    links = [faults.session_at(fabric, leaf, name) for name in (port, other)]
    if port == other:
        raise InputError(f"{port} and {other} are one port: cables are exchanged between two")
    if any(link.crossed == wrong for link in links):
        raise InputError(f"{port} and {other} of {leaf.name} are cabled like that already")
    _act(fabric, time_ns, "miscable" if wrong else "miscable-clear", leaf, port, other=other)
    for link in links:
        _cut(fabric, time_ns, device=leaf, link=link, cut=True)
    fabric.agenda.at(time_ns + _HANDS, partial(_plug, fabric, leaf=leaf, links=(links[0], links[1])))


def member(fabric: Fabric, time_ns: int, leaf: Leaf, port: str, *, up: bool) -> None:
    """Let a member of a leg fail, or mend it: without any the leg is down."""
    found = _member(leaf, port)
    _act(fabric, time_ns, f"member-{'up' if up else 'down'}", leaf, port, lag=found.segment.name)
    found.broken = not up
    number = fabric.plan.segments.index(found.segment)
    whole = [it for it in leaf.members.values() if it.segment is found.segment]
    serves = leaf.powered and number not in leaf.broken and not all(it.broken for it in whole)
    if leaf.legs[number] == serves:
        faults.set_members(fabric, time_ns, leaf, found.segment, up=serves)
    else:
        faults.set_leg(fabric, time_ns, leaf, number, up=serves)


def stray_member(fabric: Fabric, time_ns: int, leaf: Leaf, port: str, *, wrong: bool) -> None:
    """Plug a member's cable into another server, or back: its link stays up, and LACP keeps it out."""
    found = _member(leaf, port)
    others = [it for it in leaf.members.values() if it.segment is found.segment and it is not found]
    if found.stray == wrong:
        raise InputError(f"{port} of {leaf.name} leads {'elsewhere' if wrong else 'to its server'} already")
    if not any(it.up for it in others) or (wrong and not found.up):
        raise InputError(f"all members of {found.segment.name} at {leaf.name} have to be up for that")
    _act(fabric, time_ns, f"member-stray{'' if wrong else '-clear'}", leaf, port, lag=found.segment.name)
    old, saying = found.leaves(), Saying()
    found.stray = found.broken = wrong
    found.up = not wrong
    saying.replace("lacp", old, found.leaves())
    fabric.agenda.say(leaf.name, saying, time_ns)
    whole = all(it.up for it in (found, *others))
    fabric.agenda.note(PortNote(time_ns, "lag", leaf.name, found.segment.name, whole))


def _member(leaf: Leaf, port: str) -> Member:
    found = leaf.members.get(port)
    if found is None:
        mine = ", ".join(leaf.members) or "none"
        raise InputError(f"{leaf.name} has no port {port} in a LAG; members are {mine}")
    return found


def _cut(fabric: Fabric, time_ns: int, device: Device, link: Session, *, cut: bool) -> None:
    link.cut = cut
    fabric.routing.check_links(device, time_ns)


def _plug(fabric: Fabric, time_ns: int, leaf: Leaf, links: tuple[Session, Session]) -> None:
    fabric.routing.wiring.cross(*links)
    for link in links:
        _cut(fabric, time_ns, device=leaf, link=link, cut=False)


def _act(fabric: Fabric, time_ns: int, action: str, device: Device, port: str, **fields: str | float) -> None:
    told = {"node": device.name, "ifname": port, **fields}
    fabric.agenda.note(ActionNote(time_ns, action, told))
