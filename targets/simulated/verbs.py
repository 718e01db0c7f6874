"""The verbs that people and scenarios use, and what their words mean: ``link-down leaf-1 eth1``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from collectors.errors import InputError
from targets.simulated import cabling, chatter, churn, faults, motion, oddities, pairs, policies, standby
from targets.simulated.design import Host
from targets.simulated.devices import Device, Leaf
from targets.simulated.fabric import Fabric

Thing = TypeVar("Thing")
Argument = Device | Host | str | float


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be done to a fabric."""

    words: tuple[str, ...]
    """What it takes: device, leaf, spine, port, part, segment, host, name, mac, number, seconds.

    ``seconds=5``: 5 if left out."""
    act: Callable[..., None]
    meaning: str


VERBS: Final[Mapping[str, Verb]] = {
    "link-down": Verb(
        ("device", "port"), partial(faults.link, up=False), "pull a cable between leaf and spine"
    ),
    "link-up": Verb(("device", "port"), partial(faults.link, up=True), "plug it in again"),
    "link-mute": Verb(
        ("device", "port"), partial(faults.mute, on=True), "a link passes nothing, and stays up"
    ),
    "link-mute-up": Verb(("device", "port"), partial(faults.mute, on=False), "it passes all again"),
    "link-flap": Verb(
        ("device", "port", "number=2"), cabling.blip, "a link goes down for a second, so often"
    ),
    "bfd-flap": Verb(
        ("device", "port", "number=3"), cabling.fail_bfd, "BFD on a link fails so often, nothing else does"
    ),
    "miscable": Verb(
        ("leaf", "port", "port"), partial(cabling.miscable, wrong=True), "exchange the cables of two uplinks"
    ),
    "miscable-clear": Verb(("leaf", "port", "port"), partial(cabling.miscable, wrong=False), "put them back"),
    "member-down": Verb(
        ("leaf", "port"), partial(cabling.member, up=False), "a member of a segment's LAG fails"
    ),
    "member-up": Verb(("leaf", "port"), partial(cabling.member, up=True), "mend it"),
    "member-stray": Verb(
        ("leaf", "port"),
        partial(cabling.stray_member, wrong=True),
        "a member's cable leads to another server",
    ),
    "member-stray-clear": Verb(("leaf", "port"), partial(cabling.stray_member, wrong=False), "put it back"),
    "es-link-down": Verb(("leaf", "port"), partial(faults.leg, up=False), "break a leg of a segment's LAG"),
    "es-link-up": Verb(("leaf", "port"), partial(faults.leg, up=True), "mend it"),
    "df-stuck": Verb(
        ("leaf", "port"),
        partial(faults.forwarder, fault="stuck"),
        "a leaf forwards to a segment, elected or not",
    ),
    "df-silent": Verb(
        ("leaf", "port"), partial(faults.forwarder, fault="silent"), "a leaf never forwards to a segment"
    ),
    "df-clear": Verb(("leaf", "port"), partial(faults.forwarder, fault="clear"), "it does as elected again"),
    "single-active": Verb(
        ("segment",), standby.single_active, "one leaf at a time forwards to a segment; others' legs stand by"
    ),
    "leaf-down": Verb(("leaf",), partial(faults.power, up=False), "take the power from a leaf"),
    "leaf-up": Verb(("leaf",), partial(faults.power, up=True), "give it back"),
    "spine-down": Verb(("spine",), partial(faults.power, up=False), "take the power from a spine"),
    "spine-up": Verb(("spine",), partial(faults.power, up=True), "give it back"),
    "reboot": Verb(("device", "seconds=20"), faults.reboot, "restart a device that is off for so long"),
    "session-down": Verb(("leaf", "spine"), partial(faults.session, up=False), "shut an EVPN session down"),
    "session-up": Verb(("leaf", "spine"), partial(faults.session, up=True), "allow it again"),
    "rr-down": Verb(("spine",), partial(faults.reflector, up=False), "stop BGP on a spine (route reflector)"),
    "rr-up": Verb(("spine",), partial(faults.reflector, up=True), "start it"),
    "linecards-down": Verb(
        ("spine",), partial(faults.line_cards, up=False), "all links of a spine fail, its agent talks"
    ),
    "linecards-up": Verb(("spine",), partial(faults.line_cards, up=True), "start its line cards"),
    "telemetry-down": Verb(("device",), partial(faults.telemetry, up=False), "let a gNMI agent hang"),
    "telemetry-up": Verb(("device",), partial(faults.telemetry, up=True), "let it go on"),
    "telemetry-slow": Verb(("device", "seconds"), faults.slow, "make an agent late; 0: in time again"),
    "clock-skew": Verb(("device", "seconds"), faults.skew, "set a clock ahead, or behind"),
    "host-attach": Verb(("host", "leaf"), motion.attach, "attach a host that is nowhere"),
    "host-new": Verb(
        ("name", "mac", "leaf"), motion.come, "a host comes up that has any MAC, in the first VNI"
    ),
    "host-detach": Verb(("host",), motion.detach, "take a host away"),
    "mac-move": Verb(("host", "leaf"), motion.move, "move a host"),
    "vmotion": Verb(("host", "leaf"), motion.migrate, "migrate a machine: six moves, then it stays"),
    "duplicate": Verb(("host", "leaf", "seconds=1.6"), motion.duplicate, "a MAC in two places, in turns"),
    "duplicate-clear": Verb(("host", "leaf"), motion.clear, "leave the MAC to one place"),
    "loop": Verb(("leaf", "leaf"), motion.loop, "all MACs of one leaf appear at another, too"),
    "chatter": Verb(("seconds=60",), chatter.chatter, "hosts renew addresses, three a second"),
    "load": Verb(("number", "seconds=60"), churn.churn, "hosts come and go: so many updates a second"),
    "loop-clear": Verb(("leaf", "leaf"), motion.unloop, "open the loop"),
    "next-hop-self": Verb(
        ("spine",), partial(policies.next_hop_self, on=True), "a spine makes itself the next hop"
    ),
    "next-hop-self-clear": Verb(
        ("spine",), partial(policies.next_hop_self, on=False), "it leaves next hops alone"
    ),
    "strip": Verb(("spine",), partial(policies.strip, what="all"), "a spine drops extended communities"),
    "strip-encapsulation": Verb(
        ("spine",), partial(policies.strip, what="encapsulation"), "a spine drops the encapsulation community"
    ),
    "strip-clear": Verb(("spine",), partial(policies.strip, what="nothing"), "it drops none"),
    "evpn-silent": Verb(
        ("spine",), partial(policies.silent, on=True), "a spine announces no EVPN route, its sessions are up"
    ),
    "evpn-silent-clear": Verb(("spine",), partial(policies.silent, on=False), "it announces all again"),
    "auto-rt": Verb(
        ("leaf",), partial(policies.auto_targets, on=True), "a leaf makes route targets from its own AS"
    ),
    "auto-rt-clear": Verb(("leaf",), partial(policies.auto_targets, on=False), "from the agreed one"),
    "refuse-bare": Verb(
        ("leaf",), partial(policies.refuse, on=True), "a leaf refuses routes without encapsulation community"
    ),
    "dup-detection-off": Verb(
        ("leaf",), partial(policies.detection, on=False), "a leaf freezes no MAC, however often it moves"
    ),
    "dup-detection-on": Verb(("leaf",), partial(policies.detection, on=True), "it does again"),
    "withdraw-all": Verb(
        ("leaf",), partial(policies.withdraw, on=True), "a leaf withdraws all routes, its sessions are up"
    ),
    "withdraw-all-clear": Verb(("leaf",), partial(policies.withdraw, on=False), "it announces them again"),
    "leak": Verb(("leaf", "number"), policies.leak, "a leaf announces so many prefixes more; 0: none"),
    "es-withhold": Verb(
        ("leaf", "port", "part"),
        policies.withhold,
        "a leaf withdraws a leg's ad, es or evi routes; none: it doesn't",
    ),
    "df-algorithm": Verb(
        ("leaf", "port", "number"),
        policies.elect_by,
        "one leaf of a segment advertises another DF algorithm; 0: the modulus",
    ),
    "gateways": Verb((), policies.gateways, "all leaves announce the anycast gateways"),
    "gateway-conflict": Verb(
        ("host",), partial(oddities.take_gateway, on=True), "a host takes the gateway's address"
    ),
    "gateway-conflict-clear": Verb(("host",), partial(oddities.take_gateway, on=False), "and leaves it"),
    "mac-sticky": Verb(("host",), oddities.sticky, "a host's MAC is static at its leaf"),
    "intrude": Verb(
        ("host", "leaf"), partial(oddities.intrude, on=True), "a MAC appears at a second leaf, too"
    ),
    "intrude-clear": Verb(("host", "leaf"), partial(oddities.intrude, on=False), "it goes from there"),
    "mac-in-vni": Verb(
        ("host", "leaf", "number"), partial(oddities.in_vni, on=True), "a MAC appears in another VNI, too"
    ),
    "mac-in-vni-clear": Verb(
        ("host", "leaf", "number"), partial(oddities.in_vni, on=False), "it goes from there"
    ),
    "mac-stale": Verb(("host", "leaf"), oddities.stale, "a host moves, and its old leaf doesn't withdraw"),
    "mac-tie": Verb(("host", "leaf"), oddities.tie, "two leaves announce a MAC with one number"),
    "mac-release": Verb(("host",), oddities.release, "who announces a MAC wrongly withdraws it"),
    "mac-reset": Verb(("host",), oddities.reset, "announced from number 0, which all others ignore"),
    "mac-take": Verb(("host",), oddities.take, "they ignore it no more"),
    "mac-number": Verb(
        ("host", "leaf", "number"), oddities.attach_with, "attach a host with a sequence number"
    ),
    "mac-age": Verb(("host", "leaf"), oddities.age, "a leaf forgets a MAC that was quiet"),
    "mac-talk": Verb(("host", "leaf"), oddities.talk, "it learns it again"),
    "mac-proxy": Verb(
        ("host", "leaf"), partial(oddities.proxy, on=True), "a MAC aged at a leaf, announced for its peer"
    ),
    "mac-proxy-clear": Verb(("host", "leaf"), partial(oddities.proxy, on=False), "it is learned there again"),
    "arp-age": Verb(("host",), oddities.arp_age, "a leaf forgets a host's addresses, not its MAC"),
    "ip-duplicate": Verb(
        ("host", "host"), partial(oddities.duplicate_ip, on=True), "a host takes the address of another"
    ),
    "ip-duplicate-clear": Verb(("host", "host"), partial(oddities.duplicate_ip, on=False), "and leaves it"),
    "ip-flap": Verb(
        ("host", "host", "seconds=5", "number=6"), oddities.flap_ip, "an address goes to and fro"
    ),
    "mlag": Verb(("leaf", "leaf"), pairs.pair, "two leaves are a pair with a shared VTEP address"),
    "mlag-member-down": Verb(("host", "leaf"), pairs.orphan, "a host loses its link to a leaf of the pair"),
    "mlag-member-up": Verb(("host", "leaf"), pairs.join, "and has it again"),
    "startup-delay": Verb(("leaf", "seconds"), faults.startup, "its host ports come up so much later"),
    "site-copy": Verb(
        ("leaf", "leaf"), partial(oddities.recover_site, on=True), "hosts come up with others' addresses"
    ),
    "site-copy-clear": Verb(("leaf", "leaf"), partial(oddities.recover_site, on=False), "and leave them"),
}


def do(fabric: Fabric, verb: str, words: Sequence[str], time_ns: int) -> None:
    """Do something to a fabric, now; raises InputError for what makes no sense, with the reason."""
    found = VERBS.get(verb)
    if found is None:
        raise InputError(f"there is no verb {verb!r}: use one of {', '.join(VERBS)}")
    needed = [word for word in found.words if "=" not in word]
    if not len(needed) <= len(words) <= len(found.words):
        least, most = len(needed), len(found.words)
        count = str(most) if least == most else f"{least} to {most}"
        raise InputError(f"{usage(verb)}: it takes {count} word{'s' * (most > 1)}")
    given = [*words, *(word.partition("=")[2] for word in found.words[len(words) :])]
    arguments = [
        _argument(fabric, kind.partition("=")[0], word) for kind, word in zip(found.words, given, strict=True)
    ]
    found.act(fabric, time_ns, *arguments)


def usage(verb: str) -> str:
    """Return how a verb is used."""
    words = (f"[{word.upper()}]" if "=" in word else word.upper() for word in VERBS[verb].words)
    return " ".join((verb, *words))


def _argument(fabric: Fabric, kind: str, word: str) -> Argument:
    match kind:
        case "device":
            return _named(fabric.devices, word, kind)
        case "leaf":
            leaf = _named(fabric.devices, word, "device")
            if not isinstance(leaf, Leaf):
                raise InputError(
                    f"{word} is no leaf: use one of {', '.join(it.name for it in fabric.leaves)}"
                )
            return leaf
        case "spine":
            spine = _named(fabric.devices, word, "device")
            if isinstance(spine, Leaf):
                raise InputError(
                    f"{word} is no spine: use one of {', '.join(it.name for it in fabric.spines)}"
                )
            return spine
        case "host":
            return _named(fabric.hosts, word, kind)
        case "seconds" | "number":
            try:
                return float(word)
            except ValueError as error:
                raise InputError(f"{word!r} is no number") from error
        case _:
            return word


def _named(things: Mapping[str, Thing], name: str, kind: str) -> Thing:
    if name not in things:
        some = [*things][:8]
        more = ", ..." if len(things) > len(some) else ""
        raise InputError(f"there is no {kind} {name!r}: use one of {', '.join(some)}{more}")
    return things[name]
