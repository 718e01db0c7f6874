"""Segments of which one leaf at a time forwards: the legs of all others stand by.

RFC 7432, section 14.1.1 (single-active redundancy), with one forwarder for all VLANs (RFC 9785) and legs that
LACP keeps out of the server's LAG, as port-active leaves do (RFC 9746). A leg that stands by is no fault: the
leaf goes on to announce that it serves the segment.
"""

from functools import partial

from collectors.errors import InputError
from targets.simulated import faults
from targets.simulated.announcements import BY_PREFERENCE
from targets.simulated.devices import Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote
from targets.simulated.ports import segment_leaves
from targets.simulated.saying import Saying


def single_active(fabric: Fabric, time_ns: int, lag: str) -> None:
    """Make a segment single-active at all its leaves."""
    number = next((at for at, it in enumerate(fabric.plan.segments) if it.name == lag), None)
    if number is None:
        raise InputError(
            f"there is no segment {lag!r}: use one of {', '.join(it.name for it in fabric.plan.segments)}"
        )
    segment = fabric.plan.segments[number]
    leaves = [leaf for leaf in fabric.leaves if number in leaf.legs]
    if any(lag in leaf.announcer.single_active | leaf.announcer.df_algorithms.keys() for leaf in leaves):
        raise InputError(f"{lag} is single-active already, or one of its leaves elects otherwise")
    fabric.agenda.note(ActionNote(time_ns, "single-active", {"esi": segment.esi_text}))
    fabric.electing.follow = partial(_follow, fabric)
    for leaf in leaves:
        leaf.announcer.single_active.add(lag)
        leaf.announcer.df_algorithms[lag] = BY_PREFERENCE
        saying = Saying()
        saying.replace("es", segment_leaves(segment), segment_leaves(segment, single_active=True))
        fabric.agenda.say(leaf.name, saying, time_ns)
        if leaf.legs[number]:
            fabric.originate(leaf, list(leaf.announcer.segment(segment)), time_ns)
        fabric.electing.now(leaf, number, time_ns)
        _follow(fabric, leaf, number, time_ns)


def _follow(fabric: Fabric, leaf: Leaf, number: int, time_ns: int) -> None:
    """Bring a leg to where the election has it: up if the leaf forwards, else it stands by."""
    segment = fabric.plan.segments[number]
    active = leaf.legs[number] and any(forwards for _, forwards in leaf.elections.of[number].claims)
    if leaf.ports[segment.name].up == active:
        return
    faults.set_port(fabric, time_ns, leaf, segment, up=active)
    (faults.hosts_talk if active else faults.hosts_go)(fabric, time_ns, leaf, number)
