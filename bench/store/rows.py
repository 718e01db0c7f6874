"""Rows of the store's tables, as Arrow: what was told, what it closed, what is still open at the end."""

from typing import Final

import numpy as np
import pyarrow as pa

from bench.store.columns import Columns, named, number, same, text, time_of
from bench.store.life import CHANGE, MOVE, POD, VNIS_PER_POD, Flags, Ints, Life, Steps
from bench.store.told import FORGOTTEN, GONE, LEARNT, OBSERVERS, ROUTE, Opened, Told

FABRIC: Final = "bench"
_PORTS: Final = 48
_L3_VNIS: Final = 20
_REASONS: Final = ("update", "delete", "moved", "withdrawn")


class Rows:
    """Makes rows of one fabric; names are interned once."""

    def __init__(self, life: Life, fabric: str = FABRIC) -> None:
        self._life, self._fabric = life, fabric
        leaves, vnis = range(life.leaves), range(life.vnis)
        self.devices = text(f"leaf-{leaf + 1}" for leaf in leaves)
        self.observers = text(f"spine-{number + 1}" for number in range(OBSERVERS))
        self.vteps = text(f"10.255.{leaf // 250}.{leaf % 250 + 1}" for leaf in leaves)
        self._loopbacks = text(f"10.254.{leaf // 250}.{leaf % 250 + 1}" for leaf in leaves)
        self.rds = text(
            f"10.254.{leaf // 250}.{leaf % 250 + 1}:{10_000 + leaf // POD * VNIS_PER_POD + vni}"
            for leaf in leaves
            for vni in range(VNIS_PER_POD)
        )
        self._paths = text(f"65000 {65_001 + leaf % 400}" for leaf in leaves)
        self._targets = text(
            [f"65000:{10_000 + vni}" for vni in vnis]
            + [f"65000:{10_000 + vni} 65000:{50_000 + vni % _L3_VNIS}" for vni in vnis]
        )
        self._instances = text(f"bd-{10_000 + vni}" for vni in vnis)
        self._esis = text(
            f"03:44:38:39:ff:{pair >> 8:02x}:{pair & 255:02x}:00:00:01" for pair in range(life.leaves // 2)
        )
        self._places = pa.concat_arrays([self.vteps, self._esis])
        self._ports = text(f"ethernet-1/{port + 1}" for port in range(_PORTS))
        self._reasons = text(_REASONS)

    def routes(self, mac: Ints, leaf: Ints, seq: Ints, med: Ints, observer: Ints) -> Columns:
        """Return what identifies type-2 routes and what they say."""
        life, vni = self._life, self._life.vni[mac]
        host = life.host[mac]
        has_host, numbered = host >= 0, seq >= 0
        nothing = np.zeros(len(mac), np.int64)
        return {
            "fabric": same(self._fabric, len(mac)),
            "device": named(observer, self.observers),
            "vantage": same("loc_rib", len(mac)),
            "network_instance": same("default", len(mac)),
            "rd": named(leaf * VNIS_PER_POD + vni % VNIS_PER_POD, self.rds),
            "route_type": number(nothing + 2, pa.uint8()),
            "eth_tag": number(nothing, pa.uint32()),
            "mac": number(life.address[mac], pa.uint64()),
            "ip_hi": number(nothing, pa.uint64(), has_host),
            "ip_lo": number(host + 0xFFFF_0000_0000, pa.uint64(), has_host),
            "ip_len": number(nothing + 32, pa.uint8(), has_host),
            "neighbor": named(leaf, self._loopbacks),
            "path_id": number(nothing, pa.uint32()),
            "esi": named(np.where(life.multihomed[mac], leaf // 2, -1), self._esis),
            "label": number(10_000 + vni, pa.uint32()),
            "label2": number(50_000 + vni % _L3_VNIS, pa.uint32(), has_host),
            "best": pa.array(nothing == 0),
            "valid": pa.array(nothing == 0),
            "next_hop": named(leaf, self.vteps),
            "as_path": named(leaf, self._paths),
            "origin": same("IGP", len(mac)),
            "med": number(med, pa.uint32()),
            "mobility_seq": number(seq, pa.uint32(), numbered),
            "sticky": pa.array(nothing != 0, mask=~numbered),
            "router_mac": number(0x0200_0000_0000 + leaf, pa.uint64(), has_host),
            "encapsulation": same("vxlan", len(mac)),
            "route_targets": named(vni + np.where(has_host, life.vnis, 0), self._targets),
        }

    def locations(self, mac: Ints, leaf: Ints, seq: Ints) -> Columns:
        """Return where MACs are."""
        multihomed = self._life.multihomed[mac]
        nothing = np.zeros(len(mac), np.int64)
        return {
            "fabric": same(self._fabric, len(mac)),
            "vni": number(10_000 + self._life.vni[mac], pa.uint32()),
            "mac": number(self._life.address[mac], pa.uint64()),
            "location": named(np.where(multihomed, self._life.leaves + leaf // 2, leaf), self._places),
            "esi": named(np.where(multihomed, leaf // 2, -1), self._esis),
            "vtep": named(leaf, self.vteps),
            "mobility_seq": number(np.maximum(seq, 0), pa.uint32()),
            "sticky": pa.array(nothing != 0),
        }

    def entries(self, mac: Ints, leaf: Ints) -> Columns:
        """Return entries of leaves' MAC tables."""
        vni = self._life.vni[mac]
        return {
            "fabric": same(self._fabric, len(mac)),
            "device": named(leaf, self.devices),
            "network_instance": named(vni, self._instances),
            "mac": number(self._life.address[mac], pa.uint64()),
            "producer": same("LOCAL", len(mac)),
            "vni": number(10_000 + vni, pa.uint32()),
            "interface": named(mac * 31 % _PORTS, self._ports),
            "entry_type": same("DYNAMIC", len(mac)),
        }

    def tables(self, steps: Steps, told: Told, *, dump: bool) -> dict[str, pa.Table]:
        """Return the rows that a commit with these records appends."""
        routes, entries = np.flatnonzero(told.kind <= GONE), np.flatnonzero(told.kind >= LEARNT)
        tables = {
            "evpn_route_event": self._events(steps, told, routes, dump=dump),
            "mac_event": self._events(steps, told, entries, dump=dump),
            "evpn_route_history": self._history(steps, told, routes[told.closes[routes]]),
            "mac_history": self._history(steps, told, entries[told.closes[entries]]),
            "mac_location_history": self._stays(steps, told),
        }
        return {name: table for name, table in tables.items() if len(table)}

    def _things(self, steps: Steps, told: Told, rows: Ints, *, before: Flags) -> Columns:
        step, kind = told.step[rows], told.kind[rows]
        leaf = np.where(before, steps.leaf_before[step], steps.leaf[step])
        if kind.max(initial=ROUTE) >= LEARNT:
            return self.entries(steps.mac[step], leaf)
        seq = np.where(before, steps.seq_before[step], steps.seq[step])
        med = np.where(before, steps.med_before[step], steps.med[step])
        return self.routes(steps.mac[step], leaf, seq, med, told.observer[rows])

    def _events(self, steps: Steps, told: Told, rows: Ints, *, dump: bool) -> pa.Table:
        gone = (told.kind[rows] == GONE) | (told.kind[rows] == FORGOTTEN)
        columns = self._things(steps, told, rows, before=gone)
        columns |= {
            "offset": pa.array(told.offset[rows]),
            "index": pa.array(np.zeros(len(rows), np.int32)),
            "reason": named(gone.astype(np.int64), self._reasons),
            "dump": pa.array(np.full(len(rows), dump)),
            "late": pa.array(np.zeros(len(rows), np.bool_)),
            "event_time": time_of(told.event[rows]),
            "recv_time": time_of(told.received[rows]),
            "record_time": time_of(told.received[rows] // 1000 * 1000),
        }
        return pa.table(columns)

    def _history(self, steps: Steps, told: Told, rows: Ints) -> pa.Table:
        columns = self._things(steps, told, rows, before=np.ones(len(rows), np.bool_))
        gone = told.kind[rows] != ROUTE
        columns |= opened_columns(told.opened.take(rows))
        columns |= {
            "valid_to": time_of(told.event[rows]),
            "seen_to": time_of(told.received[rows] // 1000 * 1000),
            "closed_reason": named(gone.astype(np.int64), self._reasons),
        }
        return pa.table(columns)

    def _stays(self, steps: Steps, told: Told) -> pa.Table:
        step, by = told.location, told.location_by
        columns = self.locations(steps.mac[step], steps.leaf_before[step], steps.seq_before[step])
        moved = (steps.op[step] == MOVE) | (steps.op[step] == CHANGE)
        columns |= opened_columns(told.location_opened)
        columns |= {
            "valid_to": time_of(told.event[by]),
            "seen_to": time_of(told.received[by] // 1000 * 1000),
            "closed_reason": named(np.where(moved, 2, 3), self._reasons),
        }
        return pa.table(columns)


def opened_columns(opened: Opened) -> Columns:
    """Return how an interval was opened."""
    return {
        "valid_from": time_of(opened.valid),
        "seen_from": time_of(opened.seen),
        "opened_offset": pa.array(opened.offset),
        "opened_index": pa.array(np.zeros(len(opened.offset), np.int32)),
    }
