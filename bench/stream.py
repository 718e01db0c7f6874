"""A seeded stream of records as real collectors write them: the bytes that a fabric's topic holds.

Every device opens its sessions, dumps and syncs. Then routes and l2rib entries change at a steady rate, hosts
move, a few flap until they are duplicates, a few leave; a leaf loses a spine for 15 s; each second has a tick
and prefix counts, each 5 s of a device a liveness sample. ``Truth`` says what the store must hold at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from bench import fabric, notices
from bench.encoding import Records, count_before
from bench.fabric import GROUPS, LEAVES, SPINES, VNIS
from bench.messages import sync_response
from bench.script import SLOTS, Layout, Script
from collectors.profiles import LIVENESS, profile
from pipeline.batch import RawBatch

FLAPPING: Final = 5
FLAP_MOVES: Final = 8
LEAVING: Final = 20
WINDOW_UPDATES: Final = 50_000
OUTAGE_LEAF: Final = 3
MIN_SECONDS: Final = 60
_S: Final = 1_000_000_000
_MS: Final = 1_000_000
BEGIN_NS: Final = 1_800_000_000 * _S
_PROFILE: Final = profile("openconfig")
_FAMILIES: Final = {
    "spine": ("routes", "link", "bgp", LIVENESS),
    "leaf": ("mac", "vtep", "link", "bgp", LIVENESS),
}


@dataclass(frozen=True)
class Load:
    """What the stream is to be like."""

    macs: int
    """MACs in state; a multiple of 200."""
    records: int
    """Records of steady change, beside those of dumps, moves and sessions."""
    layout: Layout
    keys: int = 5_000
    """Distinct MACs that change per 50 000 updates of steady change."""
    observers: int = 2
    """Spines whose routes are collected."""
    moving: float = 0.02
    """Updates that tell of moves, as a share of those of steady change."""
    records_per_second: int = 5_000
    """In the stream's time; fewer if it would last less than a minute."""
    seed: int = 7432


@dataclass(frozen=True)
class Truth:
    """What a stream says, and what must be found in it."""

    records: int
    updates: int
    """Updates and deletes of all notifications."""
    facts: dict[str, int]
    """Rows of each ``*_event`` view."""
    moves: int
    """Each is a finding of M1, M2 or M3."""
    duplicates: frozenset[int]
    """MAC addresses with an incident of rule M2."""
    degraded: str
    """The leaf with an incident of rule R16; there are no other incidents."""
    located: int
    """MACs that are somewhere at the end."""
    dumped: int
    """Records before steady change begins."""


class Stream:
    """The records of a load; ``batches`` makes them when asked for."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._random = np.random.default_rng(load.seed)
        self._ranks = load.macs // GROUPS
        """MACs of each group; the first ones move, the last two flap or leave or do nothing."""
        self._movers = 2 * (self._ranks // 8)
        updates = load.records * (1 if load.layout == "single" else 10)
        self._moves = int(load.moving * updates / ((load.observers + 1) * 12))
        """Of pairs; of each, spines and leaf tell in 12 updates: two times five leaves and a delete."""
        self._check()
        self._step = _S // min(load.records_per_second, max(1, load.records // MIN_SECONDS))
        sessions = [
            (device, family) for device in fabric.DEVICES for family in _FAMILIES[device.partition("-")[0]]
        ]
        observing = {fabric.spine_name(spine) for spine in range(load.observers)}
        sessions = [
            (device, family) for device, family in sessions if family != "routes" or device in observing
        ]
        self._script = Script(sessions, load.observers, load.layout)
        self._steady = self._dump()
        end = self._steady + load.records * self._step
        self._change()
        moves = self._move(end) + self._flap()
        self._leave()
        self._pass_time(end)
        self._lose_a_spine()
        self._records = Records(self._script, _PROFILE.name, BEGIN_NS)
        flapping = [mac + GROUPS * (self._ranks - 1) for mac in range(FLAPPING)]
        self.truth = Truth(
            records=len(self._records),
            updates=self._script.updates,
            facts=dict(self._script.facts),
            moves=moves,
            duplicates=frozenset(map(fabric.mac_address, flapping)),
            degraded=fabric.leaf_name(OUTAGE_LEAF),
            located=load.macs - LEAVING,
            dumped=self._records.before(self._steady),
        )

    def batches(self, records: int, start: int = 0) -> Iterator[RawBatch]:
        """Yield all records from number ``start`` on, up to ``records`` at a time."""
        return self._records.batches(records, start)

    def _check(self) -> None:
        load = self._load
        if load.macs % (2 * GROUPS) or load.macs > fabric.MAX_MACS:
            raise ValueError(f"{load.macs} MACs: take a multiple of {2 * GROUPS} up to {fabric.MAX_MACS}")
        still = self._ranks - self._movers - 2
        if not 10 <= load.keys // GROUPS <= still:
            raise ValueError(f"{load.keys} keys: {load.macs} MACs allow {10 * GROUPS} to {still * GROUPS}")
        if self._moves > GROUPS * self._movers:
            raise ValueError(
                f"{2 * self._moves} moves are more than two for each of {GROUPS * self._movers} MACs that may"
            )

    def _dump(self) -> int:
        """Open all sessions and say all state; return when the last sync is through."""
        load, script = self._load, self._script
        for number, (device, family) in enumerate(script.sessions):
            script.start(BEGIN_NS + number * _MS, device, family, _start(family))
        at = BEGIN_NS + _S
        for spine in range(load.observers):
            name = fabric.spine_name(spine)
            for response in notices.attributes(at, name):
                script.say(at, name, "routes", response)
            for vni in range(VNIS):
                script.say(at, name, "routes", notices.communities(at, name, vni, range(4)))
            for group in range(GROUPS):
                script.say(at, name, "routes", notices.flooding_route(at, name, group), evpn_route=1)
        self._dump_topology(at)
        pairs = np.arange(self._ranks).reshape(-1, 2)
        macs = (np.arange(GROUPS)[None, :, None] + GROUPS * pairs[:, None]).reshape(-1, 2)
        groups, zero = np.tile(np.arange(GROUPS), len(pairs)), np.zeros(macs.shape, dtype=np.int64)
        time = at + _S + np.arange(len(macs)) * self._step * (load.observers + 1)
        for spine in range(load.observers):
            script.announce_routes(time + spine * self._step, spine, macs, groups, zero)
        script.announce_macs(time + load.observers * self._step, macs, groups, zero)
        synced = int(time[-1]) + 2 * _S
        for number, (device, family) in enumerate(script.sessions):
            script.say(synced + number * _MS, device, family, sync_response())
        return synced + _S

    def _dump_topology(self, at: int) -> None:
        script = self._script
        for leaf in range(LEAVES):
            name = fabric.leaf_name(leaf)
            script.say(at, name, "vtep", notices.vni_list(at, leaf), vtep=VNIS)
            for spine in range(SPINES):
                peer = fabric.spine_name(spine)
                ports = (
                    (name, f"Ethernet{spine + 1}", 2 * leaf),
                    (peer, f"Ethernet{leaf + 1}", 2 * leaf + 1),
                )
                for device, port, host in ports:
                    response = notices.interface(at, device, port, f"172.16.{spine}.{host}", 31)
                    script.say(at, device, "link", response, link=1)
                for device, address in ((name, fabric.loopback(spine)), (peer, fabric.vtep(leaf))):
                    response = notices.neighbor(at, device, address, state="ESTABLISHED", received=100)
                    script.say(at, device, "bgp", response, bgp_session=2)
        loopbacks = {fabric.leaf_name(leaf): fabric.vtep(leaf) for leaf in range(LEAVES)}
        loopbacks |= {fabric.spine_name(spine): fabric.loopback(spine) for spine in range(SPINES)}
        for device, address in loopbacks.items():
            script.say(at, device, "link", notices.interface(at, device, "Loopback0", address, 32), link=1)

    def _change(self) -> None:
        """Steady change of MACs that stay where they are."""
        load, slots = self._load, SLOTS[self._load.layout]
        group = self._random.integers(GROUPS, size=load.records)
        first = self._random.integers(load.keys // GROUPS, size=load.records)
        place = (first[:, None] + np.arange(slots)) % (load.keys // GROUPS)
        per_window = WINDOW_UPDATES // (1 if load.layout == "single" else 10)
        windows = -(-load.records // per_window)
        still = np.arange(self._movers, self._ranks - 2)
        chosen = [self._random.choice(still, load.keys // GROUPS, replace=False) for _ in range(windows)]
        window = np.arange(load.records)[:, None] // per_window
        macs = group[:, None] + GROUPS * np.stack(chosen)[window, place]
        time = self._steady + np.arange(load.records) * self._step
        routed = self._random.random(load.records) < 0.6
        at = np.flatnonzero(routed)
        spine = at % load.observers
        variant = (1 + count_before(macs[at] + load.macs * spine[:, None])) % 2
        self._script.route_change(time[at], spine, macs[at], group[at], variant)
        at = np.flatnonzero(~routed)
        self._script.mac_change(time[at], macs[at], group[at], (1 + count_before(macs[at])) % 128)

    def _move(self, end: int) -> int:
        """Let pairs of MACs move together, to the next leaf, at most twice; return the number of moves."""
        moves, pairs = self._moves, GROUPS * self._movers // 2
        at = np.arange(moves)
        pair, turn = self._random.permutation(pairs)[at % pairs], 1 + at // pairs
        home, first = pair % GROUPS, 2 * (pair // GROUPS)
        macs = home[:, None] + GROUPS * (first[:, None] + np.arange(2))
        old, new = (((home // VNIS + shift) % LEAVES) * VNIS + home % VNIS for shift in (turn - 1, turn))
        begin, finish = self._steady + 2 * _S, end - 2 * _S
        time = begin + at * ((finish - begin) // max(1, moves))
        self._script.moved(time, macs, old, new, np.broadcast_to(turn[:, None], macs.shape))
        return 2 * moves

    def _flap(self) -> int:
        """Let some MACs go to and fro between the first two leaves, every 4 s; return the number of moves."""
        for vni in range(FLAPPING):
            mac = np.array([[vni + GROUPS * (self._ranks - 1)]])
            for move in range(1, FLAP_MOVES + 1):
                old, new = (np.array([vni + VNIS * (turn % 2)]) for turn in (move - 1, move))
                time = self._steady + (1 + 4 * move) * _S + vni * 300 * _MS
                for spine in range(self._load.observers if move > 3 else 0):
                    name = fabric.spine_name(spine)
                    response = notices.communities(time, name, vni, [move])
                    self._script.say(time - 10 * _MS, name, "routes", response)
                self._script.moved(np.array([time]), mac, old, new, np.array([[move]]))
        return FLAPPING * FLAP_MOVES

    def _leave(self) -> None:
        for number in range(LEAVING):
            group = np.array([FLAPPING + number])
            time = np.array([self._steady + 10 * _S + number * _S])
            self._script.withdraw(time, group[:, None] + GROUPS * (self._ranks - 1), group)

    def _pass_time(self, end: int) -> None:
        script = self._script
        for second in range((end - BEGIN_NS) // _S + 2):
            time = BEGIN_NS + second * _S
            script.tick(time)
            if second % 5 == 0:
                for device in fabric.DEVICES:
                    script.say(time + 100 * _MS, device, LIVENESS, notices.current_time(time, device))
            if time >= self._steady:
                for leaf in range(LEAVES):
                    name, address = fabric.leaf_name(leaf), fabric.loopback(second % SPINES)
                    response = notices.neighbor(time, name, address, received=1_000 + second)
                    script.say(time, name, "bgp", response, bgp_session=1)

    def _lose_a_spine(self) -> None:
        name, script = fabric.leaf_name(OUTAGE_LEAF), self._script
        for up, after in ((False, 20), (True, 35)):
            time = self._steady + after * _S + 500 * _MS
            status = notices.link_status(time, name, "Ethernet1", up=up, transitions=3 if up else 2)
            script.say(time, name, "link", status, link=1)
            state = "ESTABLISHED" if up else "IDLE"
            response = notices.neighbor(time, name, fabric.loopback(0), state=state)
            script.say(time, name, "bgp", response, bgp_session=1)


def _start(family: str) -> bytes:
    """Return the content of a start record."""
    asked = [subscription for subscription in _PROFILE.subscriptions if subscription.family == family]
    paths = [
        {"path": path, "mode": subscription.mode, "interval_s": None}
        for subscription in asked
        for path in subscription.paths
    ]
    return orjson.dumps({"role": None, "site": None, "rack": None, "labels": {}, "paths": paths})
