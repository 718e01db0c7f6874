"""A simulated fabric in virtual time: what its devices know of hosts, and all they show.

Hosts are learned at ports and announced; who hears of a newer place gives up its own (RFC 7432, section 15).
Everything follows from the design, the seed and what is done to the fabric.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from targets.openconfig.rib import RouteType
from targets.simulated.agenda import MS, Agenda
from targets.simulated.announcements import LOCAL_SLOT, Route
from targets.simulated.bridging import NUMBERS, Known, Local, Mac, mac_leaves, newer
from targets.simulated.design import Design, Host, Plan, plan_of
from targets.simulated.devices import SHOWN, Device, Leaf, device_of, family_tree, host_port
from targets.simulated.electing import Electing
from targets.simulated.news import MoveNote, News, VerdictNote
from targets.simulated.ports import vtep_leaves
from targets.simulated.routing import Announcements, Routing
from targets.simulated.saying import Saying
from targets.tree import Tree, Value


class Fabric:
    """Devices, sessions and hosts; changed by the functions of ``targets.simulated.verbs``."""

    def __init__(self, plan: Plan, seed: int) -> None:
        """Begin with a fabric at rest: everything is up, and everybody knows everything."""
        self.plan = plan
        self.agenda = Agenda(seed)
        self.spines = [device_of(plan, node) for node in plan.spines]
        made = [device_of(plan, node) for node in plan.leaves]
        self.leaves = [leaf for leaf in made if isinstance(leaf, Leaf)]
        self.devices: dict[str, Device] = {it.name: it for it in (*self.spines, *self.leaves)}
        self.electing = Electing(plan, self.agenda, self.leaves)
        self.routing = Routing(plan, self.agenda, self.spines, self.leaves, self._hear)
        self.hosts = {host.name: host for host in plan.hosts}
        self.places: dict[str, set[int]] = {}
        """By host: the leaves it is attached to now. More than one: multihomed, or a duplicate."""
        self.vlans = {vni.number: vni.vlan for vni in plan.vnis}
        self._entries: dict[Mac, list[str]] = defaultdict(list)
        self._mac_of: dict[str, Mac] = {}
        self._flooded: dict[str, int] = {}
        self._rest()

    @classmethod
    def build(cls, design: Design, seed: int) -> "Fabric":
        """Return a fabric of a design; raises InputError for one that can't be built."""
        return cls(plan_of(design), seed)

    def advance(self, until_ns: int) -> Iterator[News]:
        """Let time pass; yield what devices say and what happened, in the order of time."""
        return self.agenda.advance(until_ns)

    def trees(self, device: Device) -> dict[str, Tree]:
        """Return all that a device shows, by family."""
        return {family: self.tree(device, family) for family in SHOWN}

    def tree(self, device: Device, family: str) -> Tree:
        """Return what a device shows in one family."""
        if family != "mac" or not isinstance(device, Leaf):
            return family_tree(self.plan, device, family)
        tree: dict[str, Value] = {}
        for mac in self._entries.keys() | device.learning.local.keys():
            tree |= mac_leaves(mac, self.vlans[mac[0]], self.known(device, mac))
        return tree

    def known(self, leaf: Leaf, mac: Mac) -> Known:
        """Return all that a leaf knows of a MAC."""
        local, heard = leaf.learning.local.get(mac), self._remote(leaf, mac)
        best = heard[0] if heard else None
        return Known(
            None
            if local is None
            else (local.seq, local.esi, local.frozen, local.port, local.ips, local.sticky),
            leaf.learning.held.get(mac)
            or (
                None
                if best is None
                else (
                    best.seq,
                    best.esi,
                    tuple(sorted(it.ip for it in heard if it.ip and it.origin == best.origin)),
                    best.sticky,
                )
            ),
        )

    def _remote(self, leaf: Leaf, mac: Mac) -> list[Route]:
        """Return the routes of a MAC that a leaf took from others, the best first.

        A sticky one is before all others, then the newest, then the one of the lowest VTEP.
        """
        found = (leaf.table.best(entry) for entry in self._entries.get(mac, ()))
        heard = [it for it in found if it is not None and it.origin != leaf.node.number and leaf.takes(it)]
        if not heard:
            return heard
        some = heard[0].seq + NUMBERS // 2
        return sorted(heard, key=lambda it: (not it.sticky, -((it.seq - some) % NUMBERS), it.origin))

    def learn(self, leaf: Leaf, host: Host, time_ns: int, number: int | None = None) -> None:
        """Learn a host at a port of a leaf: with a newer number if it was elsewhere until now.

        ``number``: the one that it is announced with from the start, instead.
        """
        mac: Mac = (host.vni, host.mac)
        if mac in leaf.learning.local or not leaf.powered:
            return
        before, heard = self.known(leaf, mac), self._remote(leaf, mac)
        local = self._attached(host)
        moved = False
        if before.remote is not None:
            seq, esi, _, local.quiet = before.remote
            moved = not local.quiet and (local.esi is None or esi != local.esi)
            local.seq = (seq + moved) % NUMBERS
            local.wrapped = moved and not local.seq
        if number is not None:
            local.seq = number % NUMBERS
        local.frozen = moved and leaf.learning.moved(mac, time_ns)
        leaf.learning.local[mac] = local
        self._say_mac(leaf, mac, before, time_ns)
        if local.frozen:
            self.agenda.note(VerdictNote(time_ns, leaf.node.number, *mac, frozen=True))
        if local.frozen or local.quiet:
            return
        if moved:
            self.agenda.note(MoveNote(time_ns, *mac, frm=heard[0].origin, to=leaf.node.number))
        self.announce_mac(leaf, mac, time_ns)

    def forget(self, leaf: Leaf, macs: list[Mac], time_ns: int) -> None:
        """Forget MACs of a leaf's own ports, and withdraw them."""
        withdrawn: dict[str, Route | None] = {}
        for mac in macs:
            before = self.known(leaf, mac)
            local = leaf.learning.local.pop(mac, None)
            if local is None:
                continue
            if local.frozen:
                self.agenda.note(VerdictNote(time_ns, leaf.node.number, *mac, frozen=False))
            self._say_mac(leaf, mac, before, time_ns)
            withdrawn |= dict.fromkeys(self._own(leaf, mac))
        if withdrawn:
            self.routing.announce(leaf, withdrawn, time_ns)

    def readdress(self, leaf: Leaf, mac: Mac, ips: tuple[str, ...], time_ns: int) -> None:
        """Give a MAC of a leaf's own port other addresses: what is the same is not announced again."""
        before, known = self.known(leaf, mac), set(self._own(leaf, mac))
        local = leaf.learning.local[mac]
        local.ips = ips
        self._say_mac(leaf, mac, before, time_ns)
        routes = {route.entry: route for route in leaf.announcer.mac(*mac, local)}
        for route in routes.values():
            self._register(route)
        changes: dict[str, Route | None] = {it: one for it, one in routes.items() if it not in known}
        changes |= dict.fromkeys(known - routes.keys())
        self.routing.announce(leaf, dict(sorted(changes.items())), time_ns)

    def announce_mac(self, leaf: Leaf, mac: Mac, time_ns: int) -> None:
        """Announce a MAC of a leaf's own port as it is known there."""
        local = leaf.learning.local[mac]
        self.originate(leaf, list(leaf.announcer.mac(*mac, local)), time_ns)

    def originate(self, leaf: Leaf, routes: list[Route], time_ns: int) -> None:
        """Announce routes of a leaf."""
        for route in routes:
            self._register(route)
        self.routing.announce(leaf, {route.entry: route for route in routes}, time_ns)

    def static_routes(self, leaf: Leaf) -> list[Route]:
        """Return what a leaf announces as long as it runs: flooding and the tenants' prefixes."""
        floods = [leaf.announcer.flooding(vni) for vni in self.plan.vnis]
        return [*floods, *leaf.announcer.prefixes(), *leaf.leaked]

    def _register(self, route: Route) -> None:
        if route.mac is not None and route.entry not in self._mac_of:
            self._mac_of[route.entry] = route.mac
            self._entries[route.mac].append(route.entry)
        if route.kind is RouteType.MULTICAST:
            self._flooded[route.entry] = route.origin

    def _own(self, leaf: Leaf, mac: Mac) -> list[str]:
        held = ((entry, leaf.table.paths.get(entry)) for entry in self._entries[mac])
        return [entry for entry, paths in held if paths and paths[0][0] == LOCAL_SLOT]

    def _say_mac(self, leaf: Leaf, mac: Mac, before: Known, time_ns: int) -> None:
        saying = Saying()
        self._show(leaf, mac, before, saying)
        self.agenda.say(leaf.name, saying, time_ns)

    def _show(self, leaf: Leaf, mac: Mac, before: Known, saying: Saying) -> None:
        after = self.known(leaf, mac)
        if after != before:
            vlan = self.vlans[mac[0]]
            saying.replace("mac", mac_leaves(mac, vlan, before), mac_leaves(mac, vlan, after))

    def _hear(self, leaf: Leaf, spine: int, changes: Announcements, time_ns: int) -> None:
        """Take announcements of a spine, and give up local MACs that are elsewhere now."""
        if not changes:
            return
        table, saying = leaf.table, Saying()
        before: dict[Mac, Known] = {}
        floods = [(entry, self._floods(leaf, entry)) for entry in changes if entry in self._flooded]
        for entry, route in changes.items():
            mac = self._mac_of.get(entry)
            if mac is not None and mac not in before and not table.keeps_best(entry, spine, route):
                before[mac] = self.known(leaf, mac)
        for entry, route in changes.items():
            table.change(entry, spine, route, saying)
        table.settle(saying)
        for entry, was in floods:
            self._flood(leaf, self._flooded[entry], self._floods(leaf, entry) - was, saying)
        for number in self.electing.concerned(leaf, changes):
            self.electing.elect(leaf, number, saying, time_ns)
        answer: dict[str, Route | None] = {}
        for mac in before:
            answer |= self._react(leaf, mac)
        for mac, known in before.items():
            self._show(leaf, mac, known, saying)
        self.agenda.say(leaf.name, saying, time_ns)
        if answer:
            due = time_ns + self.agenda.between(MS, 5 * MS)
            self.agenda.at(due, partial(self._answer, leaf, answer))

    def _answer(self, leaf: Leaf, answer: dict[str, Route | None], time_ns: int) -> None:
        """Announce what followed from what was heard, unless it has been overtaken."""
        held = leaf.learning.local
        current = {
            entry: route
            for entry, route in answer.items()
            if (self._mac_of[entry] in held) == (route is not None)
        }
        self.routing.announce(leaf, current, time_ns)

    def _react(self, leaf: Leaf, mac: Mac) -> dict[str, Route | None]:
        """Return what a leaf announces after it heard of a MAC: RFC 7432, sections 7.7 and 15."""
        local, heard = leaf.learning.local.get(mac), self._remote(leaf, mac)
        if local is None or local.frozen or local.quiet or local.sticky or local.kept or not heard:
            return {}
        best = heard[0]
        if local.next_hop and best.next_hop == local.next_hop:
            return {}  # both of a pair announce what is behind it
        if local.esi is not None and best.esi == local.esi:
            # behind one segment all leaves announce the newest number
            if not newer(best.seq, local.seq):
                return {}
            local.seq = best.seq
            return {route.entry: route for route in leaf.announcer.mac(*mac, local)}
        lower = best.origin < leaf.node.number  # and so has the lower address
        if newer(best.seq, local.seq) or (best.seq == local.seq and lower):
            del leaf.learning.local[mac]
            return dict.fromkeys(self._own(leaf, mac))
        return {}

    def reconsider(self, leaf: Leaf, change: Callable[[], None], time_ns: int) -> None:
        """Change what a leaf imports, and say what follows for its MACs and flood lists."""
        saying = Saying()
        macs = {mac: self.known(leaf, mac) for mac in self._entries}
        floods = {entry: self._floods(leaf, entry) for entry in self._flooded}
        change()
        for entry, was in floods.items():
            self._flood(leaf, self._flooded[entry], self._floods(leaf, entry) - was, saying)
        for mac, known in macs.items():
            self._show(leaf, mac, known, saying)
        self.agenda.say(leaf.name, saying, time_ns)

    def _floods(self, leaf: Leaf, entry: str) -> bool:
        """Return whether a leaf floods because of a type 3 route."""
        best = leaf.table.best(entry)
        return best is not None and best.origin != leaf.node.number and leaf.takes(best)

    def _flood(self, leaf: Leaf, to: int, step: int, saying: Saying) -> None:
        was = leaf.floods[to]
        leaf.floods[to] += step
        peer = vtep_leaves(self.plan.leaves[to])
        if not was and leaf.floods[to]:
            saying.replace("vtep", {}, peer)
        elif was and not leaf.floods[to]:
            saying.replace("vtep", peer, {})

    def _rest(self) -> None:
        """Let everybody know everything."""
        for host in self.plan.hosts:
            members = (host.leaf,) if host.segment is None else self.plan.segments[host.segment].leaves
            self.places[host.name] = {number for number in members if number is not None}
        own = [self._own_at_rest(leaf) for leaf in self.leaves]
        for route in chain(*own):
            self._register(route)
        for leaf in self.leaves:
            number = leaf.node.number
            others = [*own[:number], *own[number + 1 :]]
            leaf.table.fill({LOCAL_SLOT: [own[number]], **dict.fromkeys(range(len(self.spines)), others)})
            leaf.floods.update({it: len(self.plan.vnis) for it in range(len(self.leaves)) if it != number})
            for segment in leaf.legs:
                self.electing.elect(leaf, segment, Saying(), 0)
        for spine in self.spines:
            spine.table.fill({number: [routes] for number, routes in enumerate(own)})

    def _own_at_rest(self, leaf: Leaf) -> list[Route]:
        """Return what a leaf announces when all its hosts have talked; it knows them then."""
        routes = self.static_routes(leaf)
        for number in leaf.legs:
            routes += leaf.announcer.segment(self.plan.segments[number])
        for host in self.plan.hosts:
            if leaf.node.number in self.places[host.name]:
                local = self._attached(host)
                leaf.learning.local[host.vni, host.mac] = local
                routes += leaf.announcer.mac(host.vni, host.mac, local)
        return routes

    def _attached(self, host: Host) -> Local:
        """Return a host as a leaf learns it that never heard of it."""
        if host.segment is None:
            return Local(host.ips, host_port(self.plan), None)
        segment = self.plan.segments[host.segment]
        return Local(host.ips, segment.name, segment.esi)
