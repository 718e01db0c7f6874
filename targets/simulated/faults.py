"""What can happen to a simulated fabric: one function per fault, and one that ends it.

Each takes the fabric, the time and what it is done to, and takes down a line of the ground truth.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from collectors.errors import InputError
from targets.simulated.agenda import MS, SECOND
from targets.simulated.announcements import designated_forwarder
from targets.simulated.bridging import Mac
from targets.simulated.design import Host, Segment
from targets.simulated.devices import Device, Leaf, host_port
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote, LegNote, PortNote, Telemetry, TelemetryNote
from targets.simulated.routing import Session
from targets.simulated.saying import Saying

_RELEARN = (500 * MS, 2 * SECOND)
"""Hosts talk again after their port came up."""
_BOOT = (2 * SECOND, 4 * SECOND)
"""A leaf that boots brings up its host ports last."""
_WITHDRAW = (20 * MS, 80 * MS)
"""Behind the route of a whole segment its MACs are withdrawn one by one."""


def link(fabric: Fabric, time_ns: int, device: Device, port: str, *, up: bool) -> None:
    """Pull the cable of a link between a leaf and a spine, or plug it in."""
    session = session_at(fabric, device, port)
    told = {} if up else {"label": "an uplink is cut"}
    _act(fabric, time_ns, f"link-{_word(up=up)}", node=device.name, ifname=port, **told)
    session.cut = not up
    fabric.routing.check_links(device, time_ns)


def mute(fabric: Fabric, time_ns: int, device: Device, port: str, *, on: bool) -> None:
    """Let a link pass nothing while its interfaces stay up: sessions end with their hold timers."""
    session = session_at(fabric, device, port)
    action = "link-mute" if on else "link-mute-up"
    _act(fabric, time_ns, action, node=device.name, ifname=port)
    fabric.routing.set_mute(session, time_ns, mute=on)


def leg(fabric: Fabric, time_ns: int, leaf: Leaf, lag: str, *, up: bool) -> None:
    """Break a leaf's link to a multihomed server, or mend it."""
    number = segment_at(fabric, leaf, lag)
    segment = fabric.plan.segments[number]
    (leaf.broken.discard if up else leaf.broken.add)(number)
    set_leg(fabric, time_ns, leaf, number, up=up and leaf.powered)
    serving = {it.node.address: it.name for it in fabric.leaves if it.legs.get(number)}
    single = lag in leaf.announcer.single_active
    forwarders = {
        str(vni.number): serving[designated_forwarder(list(serving), vni.vlan, by_preference=single)]
        for vni in fabric.plan.vnis
        if serving
    }
    told: dict[str, str | Mapping[str, str]] = {"node": leaf.name, "ifname": lag, "esi": segment.esi_text}
    label = {} if up else {"label": "a segment loses a leg"}
    told |= {"forwarders": forwarders, **label}
    fabric.agenda.note(ActionNote(time_ns, f"es-link-{_word(up=up)}", told))


def segment_at(fabric: Fabric, leaf: Leaf, lag: str) -> int:
    """Return the number of the segment that a LAG of a leaf belongs to; raises InputError for none."""
    number = next((it for it in leaf.legs if fabric.plan.segments[it].name == lag), None)
    if number is None:
        mine = ", ".join(fabric.plan.segments[it].name for it in leaf.legs) or "none"
        raise InputError(f"{leaf.name} has no LAG {lag} of a segment; it has {mine}")
    return number


def forwarder(fabric: Fabric, time_ns: int, leaf: Leaf, lag: str, *, fault: str) -> None:
    """Let a leaf forward to a segment whatever is elected (stuck), never (silent), or as elected (clear)."""
    number = segment_at(fabric, leaf, lag)
    esi = fabric.plan.segments[number].esi_text
    told = {"stuck": {"label": "a leaf keeps forwarding"}, "silent": {"label": "a leaf doesn't forward"}}
    _act(fabric, time_ns, f"df-{fault}", node=leaf.name, ifname=lag, esi=esi, **told.get(fault, {}))
    election = leaf.elections.of[number]
    election.stuck, election.silent = fault == "stuck", fault == "silent"
    fabric.electing.now(leaf, number, time_ns)


def power(fabric: Fabric, time_ns: int, device: Device, *, up: bool) -> None:
    """Take the power from a device, or give it back: its links, sessions and telemetry go with it."""
    told = {} if up else {"label": "the power fails"}
    _act(fabric, time_ns, f"{device.node.role}-{_word(up=up)}", node=device.name, **told)
    _power(fabric, time_ns, device, up=up)


def reboot(fabric: Fabric, time_ns: int, device: Device, seconds: float) -> None:
    """Restart a device; it is off for so many seconds."""
    _act(fabric, time_ns, "reboot", node=device.name, seconds=seconds)
    _power(fabric, time_ns, device, up=False)
    fabric.agenda.at(time_ns + round(seconds * SECOND), partial(_booted, fabric, device=device))


def startup(fabric: Fabric, time_ns: int, leaf: Leaf, seconds: float) -> None:
    """Let a leaf keep its host ports down for so much longer after each boot: until its routes are there."""
    _act(fabric, time_ns, "startup-delay", node=leaf.name, seconds=seconds)
    leaf.startup_s = seconds


def session(fabric: Fabric, time_ns: int, leaf: Leaf, spine: Device, *, up: bool) -> None:
    """Shut down the EVPN session between a leaf and a spine, or allow it again."""
    end = fabric.routing.between(leaf.node.number, spine.node.number)
    neighbor = leaf.neighbors[spine.node.number].address
    _act(fabric, time_ns, f"session-{_word(up=up)}", node=leaf.name, peer=spine.name, neighbor=neighbor)
    end.allowed = up
    fabric.routing.check_sessions([end], time_ns)


def reflector(fabric: Fabric, time_ns: int, spine: Device, *, up: bool) -> None:
    """Stop BGP on a spine, a route reflector in the IBGP design, or start it; its links stay up."""
    _act(fabric, time_ns, f"rr-{_word(up=up)}", node=spine.name, daemon="bgp")
    spine.routing = up
    fabric.routing.check_sessions(fabric.routing.of(spine), time_ns)


def line_cards(fabric: Fabric, time_ns: int, spine: Device, *, up: bool) -> None:
    """Let the line cards of a spine fail, and with them all its links, or start them."""
    told = {} if up else {"label": "a spine is lost: its line cards fail"}
    _act(fabric, time_ns, f"linecards-{_word(up=up)}", node=spine.name, **told)
    spine.forwarding = up
    fabric.routing.check_links(spine, time_ns)


def telemetry(fabric: Fabric, time_ns: int, device: Device, *, up: bool) -> None:
    """Let a device's agent hang, or go on; the device itself works."""
    told = {} if up else {"label": "the device falls silent"}
    _act(fabric, time_ns, f"telemetry-{_word(up=up)}", node=device.name, **told)
    _tell(fabric, time_ns, device, "talking" if up else "silent")


def slow(fabric: Fabric, time_ns: int, device: Device, seconds: float) -> None:
    """Make a device's agent late by so many seconds; 0: it is in time again."""
    _act(fabric, time_ns, "telemetry-slow", node=device.name, seconds=seconds)
    device.delay_ns = round(seconds * SECOND)


def skew(fabric: Fabric, time_ns: int, device: Device, seconds: float) -> None:
    """Set a device's clock ahead by so many seconds, behind if negative."""
    _act(fabric, time_ns, "clock-skew", node=device.name, seconds=seconds)
    device.skew_ns = round(seconds * SECOND)


def _booted(fabric: Fabric, time_ns: int, device: Device) -> None:
    _act(fabric, time_ns, "reboot-up", node=device.name)
    _power(fabric, time_ns, device, up=True)


def _power(fabric: Fabric, time_ns: int, device: Device, *, up: bool) -> None:
    if device.powered == up:
        return
    device.powered = up
    if not up:
        _tell(fabric, time_ns, device, "dead")
    fabric.routing.check_links(device, time_ns)
    if isinstance(device, Leaf):
        if up:
            fabric.originate(device, fabric.static_routes(device), time_ns)
            ready = time_ns + fabric.agenda.between(*_BOOT) + round(device.startup_s * SECOND)
            fabric.agenda.at(ready, partial(_serve, fabric, leaf=device))
        else:
            _set_port(fabric, time_ns, device, host_port(fabric.plan), up=False)
            for number in device.legs:
                set_leg(fabric, time_ns, device, number, up=False)
            fabric.forget(device, list(device.learning.local), time_ns)
            withdrawn = dict.fromkeys(route.entry for route in fabric.static_routes(device))
            fabric.routing.announce(device, withdrawn, time_ns)
            device.learning.moves.clear()
    if up:
        _tell(fabric, time_ns, device, "talking")


def _serve(fabric: Fabric, time_ns: int, leaf: Leaf) -> None:
    """Bring up the ports of a leaf that booted: what is attached to it talks again."""
    if not leaf.powered:
        return
    _set_port(fabric, time_ns, leaf, host_port(fabric.plan), up=True)
    for number in leaf.legs.keys() - leaf.broken:
        set_leg(fabric, time_ns, leaf, number, up=True)
    here = (host for host in fabric.hosts.values() if host.segment is None)
    hosts = [host for host in here if leaf.node.number in fabric.places[host.name]]
    _relearn(fabric, time_ns, leaf, hosts)


def set_leg(fabric: Fabric, time_ns: int, leaf: Leaf, number: int, *, up: bool) -> None:
    """Bring a leg up or down, with its members; nothing happens to one that already is."""
    if leaf.legs[number] == up:
        return
    leaf.legs[number] = up
    segment = fabric.plan.segments[number]
    # of a single-active segment it stands by until it is elected
    set_port(fabric, time_ns, leaf, segment, up=up and segment.name not in leaf.announcer.single_active)
    fabric.agenda.note(LegNote(time_ns, number, leaf.node.number, up))
    routes = list(leaf.announcer.segment(segment))
    if up:
        fabric.originate(leaf, routes, time_ns)
        fabric.electing.leg_changed(leaf, number, time_ns)
        hosts_talk(fabric, time_ns, leaf, number)
        return
    fabric.routing.announce(leaf, dict.fromkeys(route.entry for route in routes), time_ns)
    fabric.electing.leg_changed(leaf, number, time_ns)
    hosts_go(fabric, time_ns, leaf, number)


def set_port(fabric: Fabric, time_ns: int, leaf: Leaf, segment: Segment, *, up: bool) -> None:
    """Bring the LAG of a leg up or down, with its members."""
    set_members(fabric, time_ns, leaf, segment, up=up)
    _set_port(fabric, time_ns, leaf, segment.name, up=up)


def hosts_talk(fabric: Fabric, time_ns: int, leaf: Leaf, number: int) -> None:
    """Let the hosts behind a leg talk, soon and if it is up then."""
    _relearn(fabric, time_ns, leaf, [host for host in fabric.hosts.values() if host.segment == number])


def hosts_go(fabric: Fabric, time_ns: int, leaf: Leaf, number: int) -> None:
    """Let a leaf withdraw the hosts behind a leg, soon and if it is down then."""
    esi = fabric.plan.segments[number].esi
    macs = [mac for mac, local in leaf.learning.local.items() if local.esi == esi]
    later = time_ns + fabric.agenda.between(*_WITHDRAW)
    fabric.agenda.at(later, partial(_forget_behind, fabric, leaf=leaf, number=number, macs=macs))


def set_members(fabric: Fabric, time_ns: int, leaf: Leaf, segment: Segment, *, up: bool) -> None:
    """Bring the members of a leg up or down, but for those that are broken."""
    members = [it for it in leaf.members.values() if it.segment is segment]
    saying = Saying()
    linked = leaf.legs[fabric.plan.segments.index(segment)]
    for member in members:
        works = up and not member.broken
        # LACP keeps a member out whose link is up: one that leads elsewhere, one of a leg that stands by
        _set_port(fabric, time_ns, leaf, member.port, up=member.stray or (linked and not member.broken))
        if member.up != works:
            old = member.leaves()
            member.up = works
            saying.replace("lacp", old, member.leaves())
    fabric.agenda.say(leaf.name, saying, time_ns)
    stands_by = segment.name in leaf.announcer.single_active and not any(it.up for it in members)
    whole = all(member.up for member in members)
    fabric.agenda.note(PortNote(time_ns, "lag", leaf.name, segment.name, whole or stands_by))


def _forget_behind(fabric: Fabric, time_ns: int, leaf: Leaf, number: int, macs: list[Mac]) -> None:
    if not leaf.ports[fabric.plan.segments[number].name].up:
        fabric.forget(leaf, macs, time_ns)


def _relearn(fabric: Fabric, time_ns: int, leaf: Leaf, hosts: Sequence[Host]) -> None:
    for host in hosts:
        fabric.agenda.at(
            time_ns + fabric.agenda.between(*_RELEARN),
            partial(_talk, fabric, leaf=leaf, host=host),
        )


def _talk(fabric: Fabric, time_ns: int, leaf: Leaf, host: Host) -> None:
    """Let a host talk at a port, if the port is up and the host still there."""
    attached = leaf.node.number in fabric.places[host.name]
    if attached and (host.segment is None or leaf.ports[fabric.plan.segments[host.segment].name].up):
        fabric.learn(leaf, host, time_ns)


def _set_port(fabric: Fabric, time_ns: int, device: Device, port: str, *, up: bool) -> None:
    if device.ports[port].up == up:
        return
    saying = Saying()
    device.set_port(port, time_ns, saying, up=up)
    fabric.agenda.say(device.name, saying, time_ns)
    fabric.agenda.note(PortNote(time_ns, "link", device.name, port, up))


def _tell(fabric: Fabric, time_ns: int, device: Device, state: Telemetry) -> None:
    if device.telemetry != state:
        device.telemetry = state
        fabric.agenda.note(TelemetryNote(time_ns, device.name, state))


def session_at(fabric: Fabric, device: Device, port: str) -> Session:
    """Return the session over a port; raises InputError for one that leads to no leaf or spine."""
    for each in fabric.plan.links:
        end, name = (each.leaf, each.leaf_port) if isinstance(device, Leaf) else (each.spine, each.spine_port)
        if end == device.node.number and name == port:
            return fabric.routing.between(each.leaf, each.spine)
    fabric_ports = sorted(name for name, it in device.ports.items() if it.addresses and name != "lo0")
    raise InputError(f"{device.name} has no link {port} to the fabric; it has {', '.join(fabric_ports)}")


def _act(fabric: Fabric, time_ns: int, action: str, **fields: str | float) -> None:
    fabric.agenda.note(ActionNote(time_ns, action, fields))


def _word(*, up: bool) -> str:
    return "up" if up else "down"
