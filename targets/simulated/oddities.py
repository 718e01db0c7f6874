"""MACs and addresses that are where they should not be, or are told otherwise than they are."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from collectors.errors import InputError
from targets.simulated.agenda import SECOND
from targets.simulated.announcements import gateway_address
from targets.simulated.bridging import NUMBERS, Local, Mac
from targets.simulated.design import Host
from targets.simulated.devices import Leaf
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote


def sticky(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Configure a host's MAC as static at its leaf (RFC 7432, section 15.2)."""
    _act(fabric, time_ns, "mac-sticky", host)
    leaf, local = _here(fabric, host)
    _again(fabric, leaf, host, lambda: _set_sticky(local), time_ns)


def intrude(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, *, on: bool) -> None:
    """Let a host's MAC appear at a port of another leaf, too, and stay; or go from there."""
    _act(fabric, time_ns, "intrude" if on else "intrude-clear", host, to=leaf.name)
    if on:
        fabric.places[host.name].add(leaf.node.number)
        fabric.learn(leaf, host, time_ns)
    else:
        fabric.places[host.name].discard(leaf.node.number)
        fabric.forget(leaf, [_mac(host)], time_ns)


def in_vni(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, vni: float, *, on: bool) -> None:
    """Let a host's MAC appear at a leaf in another VNI, as a router's does in both; or go from there."""
    others = [each.number for each in fabric.plan.vnis if each.number != host.vni]
    if vni not in others:
        raise InputError(
            f"{host.name} is in VNI {host.vni}; others are {', '.join(map(str, others)) or 'none'}"
        )
    _act(fabric, time_ns, "mac-in-vni" if on else "mac-in-vni-clear", host, to=leaf.name, other=f"{vni:.0f}")
    other = replace(host, vni=int(vni), ips=())
    if on:
        fabric.learn(leaf, other, time_ns)
    else:
        fabric.forget(leaf, [_mac(other)], time_ns)


def stale(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Move a host, while its old leaf goes on to announce it: with the older number."""
    _act(fabric, time_ns, "mac-stale", host, to=leaf.name)
    _, local = _here(fabric, host)
    local.kept = True
    fabric.places[host.name] = {leaf.node.number}
    fabric.learn(leaf, host, time_ns)


def tie(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Let a second leaf announce a host with the same number, and none of the two give up."""
    _act(fabric, time_ns, "mac-tie", host, to=leaf.name)
    _, local = _here(fabric, host)
    local.kept = True
    twin = Local(host.ips, local.port, None, seq=local.seq, kept=True)
    fabric.reconsider(leaf, partial(leaf.learning.local.__setitem__, _mac(host), twin), time_ns)
    fabric.announce_mac(leaf, _mac(host), time_ns)


def release(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Let the leaves that announce a host wrongly withdraw it: where it is not, or of two the last."""
    _act(fabric, time_ns, "mac-release", host)
    for leaf in reversed(fabric.leaves):
        local = leaf.learning.local.get(_mac(host))
        if local is not None and local.kept:
            local.kept = False
            if leaf.node.number not in fabric.places[host.name]:
                fabric.forget(leaf, [_mac(host)], time_ns)


def reset(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Announce a host anew from number 0, as after a restart, which all others ignore."""
    _act(fabric, time_ns, "mac-reset", host)
    leaf, local = _here(fabric, host)
    for other in fabric.leaves:
        known = fabric.known(other, _mac(host)).remote
        if other is not leaf and known is not None:
            other.learning.held[_mac(host)] = known
    _again(fabric, leaf, host, partial(_set_number, local, 0), time_ns)


def take(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Let all leaves take what they ignored of a host."""
    _act(fabric, time_ns, "mac-take", host)
    for leaf in fabric.leaves:
        fabric.reconsider(leaf, partial(_let_go, leaf, _mac(host)), time_ns)


def attach_with(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, number: float) -> None:
    """Attach a host that is nowhere, with a sequence number that it has had from before."""
    _act(fabric, time_ns, "mac-number", host, to=leaf.name)
    if fabric.places[host.name]:
        raise InputError(f"{host.name} is attached already: detach it first")
    fabric.places[host.name] = {leaf.node.number}
    # 0 must not be heard first: round the end of the numbers it may be the newer one
    fabric.learn(leaf, host, time_ns, round(number))


def age(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Let a leaf forget a MAC that was quiet there for long; others behind the same segment may keep it."""
    _act(fabric, time_ns, "mac-age", host, to=leaf.name)
    fabric.forget(leaf, [_mac(host)], time_ns)


def talk(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf) -> None:
    """Let a host talk at a leaf that had forgotten it."""
    _act(fabric, time_ns, "mac-talk", host, to=leaf.name)
    fabric.learn(leaf, host, time_ns)


def proxy(fabric: Fabric, time_ns: int, host: Host, leaf: Leaf, *, on: bool) -> None:
    """Let a leaf go on to announce a MAC that aged there for its peer of the segment, or learn it again."""
    local = leaf.learning.local.get(_mac(host))
    if host.segment is None or local is None:
        raise InputError(
            f"{leaf.name} knows no {host.name} behind a segment: there is no peer to stand in for"
        )
    _act(fabric, time_ns, "mac-proxy" if on else "mac-proxy-clear", host, to=leaf.name)
    _again(fabric, leaf, host, partial(setattr, local, "proxy", on), time_ns)


def arp_age(fabric: Fabric, time_ns: int, host: Host) -> None:
    """Let a leaf forget a host's addresses, while its MAC stays."""
    _act(fabric, time_ns, "arp-age", host)
    leaf, _ = _here(fabric, host)
    fabric.readdress(leaf, _mac(host), (), time_ns)


def duplicate_ip(fabric: Fabric, time_ns: int, host: Host, other: Host, *, on: bool) -> None:
    """Let a host use the first address of another besides its own, or its own alone."""
    action = "ip-duplicate" if on else "ip-duplicate-clear"
    _act(fabric, time_ns, action, host, ip=other.ips[0])
    _same_vni(host, other)
    _readdress(fabric, host, (*host.ips, other.ips[0]) if on else host.ips, time_ns)


def flap_ip(  # noqa: PLR0917  the words of the verb
    fabric: Fabric, time_ns: int, host: Host, other: Host, seconds: float, times: float
) -> None:
    """Let an address go to and fro between two hosts, each so many seconds, so many times."""
    _act(fabric, time_ns, "ip-flap", host, ip=other.ips[0])
    _same_vni(host, other)
    address = other.ips[0]
    owners = [(host, other), (other, host)]
    for number in range(round(times)):
        taker, giver = owners[number % 2]
        due = time_ns + round(number * seconds * SECOND)
        fabric.agenda.at(due, partial(_pass_on, fabric, giver, taker, address))


def take_gateway(fabric: Fabric, time_ns: int, host: Host, *, on: bool) -> None:
    """Let a host use the address of its VNI's gateway, or its own alone."""
    vni = next(it for it in fabric.plan.vnis if it.number == host.vni)
    address = gateway_address(vni)
    action = "gateway-conflict" if on else "gateway-conflict-clear"
    _act(fabric, time_ns, action, host, ip=address)
    _readdress(fabric, host, (*host.ips, address) if on else host.ips, time_ns)


def recover_site(fabric: Fabric, time_ns: int, site: Leaf, other: Leaf, *, on: bool) -> None:
    """Let hosts at one leaf come up with the addresses of those at another, as a copy of a site does."""
    action = "site-copy" if on else "site-copy-clear"
    fabric.agenda.note(ActionNote(time_ns, action, {"node": site.name, "peer": other.name}))
    copies = [it for it in fabric.plan.hosts if fabric.places[it.name] == {site.node.number}]
    originals = [it for it in fabric.plan.hosts if fabric.places[it.name] == {other.node.number}]
    for copy in copies:
        original = next((it for it in originals if it.vni == copy.vni), None)
        if original is not None:
            originals.remove(original)
            _readdress(fabric, copy, (*copy.ips, original.ips[0]) if on else copy.ips, time_ns)


def _pass_on(fabric: Fabric, giver: Host, taker: Host, address: str, time_ns: int) -> None:
    _readdress(fabric, giver, tuple(ip for ip in giver.ips if ip != address), time_ns)
    _readdress(fabric, taker, tuple(dict.fromkeys((*taker.ips, address))), time_ns)


def _readdress(fabric: Fabric, host: Host, ips: tuple[str, ...], time_ns: int) -> None:
    leaf, _ = _here(fabric, host)
    fabric.readdress(leaf, _mac(host), ips, time_ns)


def _same_vni(host: Host, other: Host) -> None:
    if host.vni != other.vni:
        raise InputError(
            f"{host.name} is in VNI {host.vni} and {other.name} in {other.vni}: take two of one VNI"
        )


def _here(fabric: Fabric, host: Host) -> tuple[Leaf, Local]:
    """Return the one leaf that knows a host at a port, and what it knows."""
    leaves = [leaf for leaf in fabric.leaves if _mac(host) in leaf.learning.local]
    if len(leaves) != 1:
        where = ", ".join(leaf.name for leaf in leaves) or "no leaf"
        raise InputError(f"{host.name} is known at {where}: this takes a host in one place")
    return leaves[0], leaves[0].learning.local[_mac(host)]


def _again(fabric: Fabric, leaf: Leaf, host: Host, change: Callable[[], None], time_ns: int) -> None:
    """Change what a leaf knows of a host at its port, show it and announce it."""
    fabric.reconsider(leaf, change, time_ns)
    fabric.announce_mac(leaf, _mac(host), time_ns)


def _let_go(leaf: Leaf, mac: Mac) -> None:
    leaf.learning.held.pop(mac, None)


def _set_sticky(local: Local) -> None:
    local.sticky, local.seq = True, 0


def _set_number(local: Local, number: int) -> None:
    local.seq = number % NUMBERS


def _mac(host: Host) -> Mac:
    return host.vni, host.mac


def _act(fabric: Fabric, time_ns: int, action: str, host: Host, **fields: str) -> None:
    told: dict[str, str | int] = {"host": host.name, "mac": host.mac, "vni": host.vni, **fields}
    fabric.agenda.note(ActionNote(time_ns, action, {**told}))
