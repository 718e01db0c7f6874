"""What is around the MACs: sessions, ports, tunnels, and routes that don't change for a month."""

from typing import Final

import numpy as np
import pyarrow as pa

from bench.store.life import POD, VNIS_PER_POD, Ints, Life
from bench.store.rows import FABRIC, Rows, opened_columns
from bench.store.told import OBSERVERS, Opened

_UPLINKS: Final = 4


def surroundings(life: Life, rows: Rows, begin: int) -> dict[str, pa.Table]:
    """Return the rows of everything that stays as it was from ``begin`` on, by table."""
    leaves = np.arange(life.leaves)
    return {
        "collector_event": _sessions(rows, begin, current=False),
        "observer_current": _sessions(rows, begin, current=True),
        "interface_address_current": _table(
            begin,
            len(leaves),
            device=rows.devices,
            interface=_same("lo0", len(leaves)),
            subinterface=_zeros(len(leaves)),
            address=rows.vteps,
            prefix_length=pa.array(np.full(len(leaves), 32), pa.uint8()),
            family=_same("link", len(leaves)),
        ),
        "link_current": _links(rows, leaves, begin),
        "vtep_current": _tunnels(rows, leaves, begin),
        "evpn_route_current": _flooding(life, rows, leaves, begin),
    }


def _sessions(rows: Rows, begin: int, *, current: bool) -> pa.Table:
    devices = pa.concat_arrays([rows.observers, rows.devices])
    families = pa.array(["routes"] * OBSERVERS + ["mac"] * len(rows.devices))
    at = _times(begin, len(devices))
    columns = {
        "fabric": _same(FABRIC, len(devices)),
        "device": devices,
        "family": families,
        "session": _same("01790000000000000000-bench", len(devices)),
    }
    if current:
        columns |= {"state": _same("fresh", len(devices)), "since": at, "last_seen": at}
    else:
        columns |= {
            "kind": _same("blind_end", len(devices)),
            "offset": pa.array(np.zeros(len(devices), np.int64)),
            "index": pa.array(np.arange(len(devices), dtype=np.int32)),
            "event_time": at,
            "recv_time": at,
            "record_time": at,
        }
    return pa.table(columns)


def _links(rows: Rows, leaves: Ints, begin: int) -> pa.Table:
    device = rows.devices.take(pa.array(np.repeat(leaves, _UPLINKS)))
    ports = pa.array([f"ethernet-1/{49 + port}" for port in range(_UPLINKS)] * len(leaves))
    up, count = _same("UP", len(device)), len(device)
    return _table(
        begin,
        count,
        device=device,
        interface=ports,
        admin_status=up,
        oper_status=up,
        family=_same("link", count),
    )


def _tunnels(rows: Rows, leaves: Ints, begin: int) -> pa.Table:
    own, peer = (each.ravel() for each in np.meshgrid(leaves, np.arange(POD), indexing="ij"))
    peer = own // POD * POD + peer
    own, peer = own[own != peer], peer[own != peer]
    return _table(
        begin,
        len(own),
        device=rows.devices.take(pa.array(own)),
        network_instance=_same("default", len(own)),
        peer=rows.vteps.take(pa.array(peer)),
        peer_state=_same("UP", len(own)),
        family=_same("vtep", len(own)),
    )


def _flooding(life: Life, rows: Rows, leaves: Ints, begin: int) -> pa.Table:
    leaf, vni = (each.ravel() for each in np.meshgrid(leaves, np.arange(VNIS_PER_POD), indexing="ij"))
    label = 10_000 + leaf // POD * VNIS_PER_POD + vni
    tables = [
        _table(
            begin,
            len(leaf),
            device=_same(f"spine-{observer + 1}", len(leaf)),
            vantage=_same("loc_rib", len(leaf)),
            network_instance=_same("default", len(leaf)),
            rd=rows.rds.take(pa.array(leaf * VNIS_PER_POD + vni)),
            route_type=pa.array(np.full(len(leaf), 3), pa.uint8()),
            eth_tag=_zeros(len(leaf)),
            originator=rows.vteps.take(pa.array(leaf)),
            neighbor=rows.vteps.take(pa.array(leaf)),
            path_id=_zeros(len(leaf)),
            label=pa.array(label, pa.uint32()),
            next_hop=rows.vteps.take(pa.array(leaf)),
            family=_same("routes", len(leaf)),
        )
        for observer in range(OBSERVERS)
    ]
    if life.vnis != life.leaves // POD * VNIS_PER_POD:
        raise ValueError("leaves and VNIs don't fit")
    return pa.concat_tables(tables)


def _table(begin: int, count: int, **columns: pa.Array) -> pa.Table:
    opened = Opened(np.full(count, begin), np.full(count, begin), np.zeros(count, np.int64))
    return pa.table({"fabric": _same(FABRIC, count), **columns, **opened_columns(opened)})


def _same(text: str, count: int) -> pa.Array:
    return pa.array([text] * count, pa.string())


def _zeros(count: int) -> pa.Array:
    return pa.array(np.zeros(count), pa.uint32())


def _times(at: int, count: int) -> pa.Array:
    return pa.array(np.full(count, at)).view(pa.timestamp("us", tz="UTC"))
