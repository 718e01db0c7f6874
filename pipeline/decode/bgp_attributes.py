"""BGP path attributes that one leaf-list tells: extended communities (RFC 4360) and AS paths.

Both are shared between many routes, so a batch has few distinct ones: each distinct value is decoded once.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from pipeline.decode.entries import Leaves
from pipeline.decode.values import CONTAINER, LEAFLIST, STRING, UINT, Cells, Parsed
from pipeline.decode.wire import leaf_list
from pipeline.schema import NAME, Entity

_OCTETS: Final = 8
_ROUTE_TARGET: Final = "route-target:"
_TUNNELS: Final = {  # registry "BGP Tunnel Encapsulation Attribute Tunnel Types"
    2: "gre",
    7: "ipip",
    8: "vxlan",
    9: "nvgre",
    10: "mpls",
    11: "mpls-in-gre",
    12: "vxlan-gpe",
    13: "mpls-in-udp",
    19: "geneve",
}
_BY_PREFERENCE: Final = (2, 3)
"""DF algorithms that carry a preference: highest and lowest (RFC 9785)."""
_BRACKETS: Final = {
    "AS_SEQ": "{}",
    "AS_SET": "{{{}}}",
    "AS_CONFED_SEQUENCE": "({})",
    "AS_CONFED_SET": "[{}]",
}


def ext_communities(entity: Entity, cells: Cells) -> dict[str, Parsed]:
    """Return all leaves of ``bgp_ext_community``; a column that no community fills is known to be none."""
    code = pl.Series(cells.code)
    raw = pl.when(code == STRING).then(cells.text.cast(pl.Binary)).otherwise(cells.raw)
    keyed = pl.select(code=code, raw=raw)
    distinct = keyed.unique(maintain_order=True)
    decoded = [_decode_set(*row) for row in distinct.rows()]
    rows = keyed.join(
        distinct.with_columns(at=pl.int_range(pl.len(), dtype=pl.UInt32)),
        on=["code", "raw"],
        how="left",
        maintain_order="left",
        nulls_equal=True,
    )["at"]
    readable = np.array([one is not None for one in decoded], dtype=np.bool_)[rows.to_numpy()]
    found: dict[str, Parsed] = {}
    for column, dtype in entity.leaves.items():
        values = [None if one is None else one.get(column) for one in decoded]
        plain = pl.Series(values, dtype=pl.String if dtype == NAME else dtype)
        found[column] = Parsed(plain.cast(dtype)[rows], readable)
    return found


def as_paths(parts: Sequence[Leaves], size: int) -> tuple[pl.Series, list[tuple[int, int]]]:
    """Return AS paths as text, one row per entry: ``65001 {65002 65003}``; null where none was told.

    A path without members is empty text: the route begins here.

    Beside it are entry and update of what could not be read.
    """
    unreadable: list[tuple[int, int]] = []
    segments: dict[int, dict[int, dict[str, Any]]] = {}
    for part in parts:
        for at, entry in enumerate(part.entry.tolist()):
            value = _segment_part(part.part, part.cells, at)
            place = _place(part.segment[at] if part.segment is not None else None, int(part.number[at]))
            if value is None or place is None:
                unreadable.append((entry, int(part.number[at])))
            else:
                segments.setdefault(entry, {}).setdefault(place, {})[part.part] = value
    paths: list[str | None] = [None] * size
    # half a path would be a wrong one
    for entry in {entry for entry, _ in unreadable} & set(segments):
        del segments[entry]
    for entry, by_place in segments.items():
        told = [segment for _, segment in sorted(by_place.items()) if "member" in segment]
        if told:
            texts = (_BRACKETS[one.get("type", "AS_SEQ")].format(" ".join(one["member"])) for one in told)
            paths[entry] = " ".join(texts)
    return pl.Series(paths, dtype=pl.String).cast(NAME), unreadable


@lru_cache(maxsize=1 << 16)
def _decode_set(code: int, raw: bytes | None) -> dict[str, Any] | None:
    """Return the leaves that a set of communities fills; None if it can't be read."""
    items = _items(code, raw)
    if items is None:
        return None
    leaves: dict[str, Any] = {}
    targets: set[str] = set()
    tunnels: set[str] = set()
    other: set[str] = set()
    for item in items:
        octets = _octets(item)
        if octets is None:
            if not isinstance(item, str) or ":" not in item:
                return None
            if item.startswith(_ROUTE_TARGET):
                targets.add(item.removeprefix(_ROUTE_TARGET))
            else:
                other.add(item.replace(" ", "_"))
        elif (target := _route_target(octets)) is not None:
            targets.add(target)
        elif octets[:2] == b"\x03\x0c":
            tunnel = int.from_bytes(octets[6:])
            tunnels.add(_TUNNELS.get(tunnel, f"tunnel-type-{tunnel}"))
        elif (decoded := _decode(octets)) is not None:
            leaves |= decoded
        else:
            other.add(octets.hex())
    for column, texts in (("route_targets", targets), ("encapsulation", tunnels), ("other", other)):
        leaves[column] = " ".join(sorted(texts)) or None
    return leaves


def _decode(octets: bytes) -> dict[str, Any] | None:  # noqa: PLR0911  # a table with one row per community
    """Return the leaves of one community of RFC 7432, 8584, 9135 or 9785; None for any other."""
    match octets[0], octets[1]:
        case 0x06, 0x00:
            return {"sticky": bool(octets[2] & 1), "mobility_seq": int.from_bytes(octets[4:])}
        case 0x06, 0x01:
            # the label stands in the upper 20 of 24 bits
            return {"single_active": bool(octets[2] & 1), "esi_label": int.from_bytes(octets[5:]) >> 4}
        case 0x06, 0x02:
            return {"es_import": int.from_bytes(octets[2:])}
        case 0x06, 0x03:
            return {"router_mac": int.from_bytes(octets[2:])}
        case 0x06, 0x06:
            algorithm = octets[2] & 0x1F
            preference = int.from_bytes(octets[6:]) if algorithm in _BY_PREFERENCE else None
            return {
                "df_algorithm": algorithm,
                "df_capabilities": int.from_bytes(octets[3:5]),
                "df_preference": preference,
            }
        case 0x03, 0x0D:
            return {"default_gateway": True}
        case _:
            return None


def _route_target(octets: bytes) -> str | None:
    """Return a route target as text; None for any other community."""
    if octets[1] != 0x02:
        return None
    match octets[0]:
        case 0x00:
            return f"{int.from_bytes(octets[2:4])}:{int.from_bytes(octets[4:])}"
        case 0x01:
            return f"{'.'.join(map(str, octets[2:6]))}:{int.from_bytes(octets[6:])}"
        case 0x02:
            return f"{int.from_bytes(octets[2:6])}:{int.from_bytes(octets[6:])}"
        case _:
            return None


def _octets(item: object) -> bytes | None:
    """Return a community that comes as 8 octets, in JSON as base64; None for one in a text of its own."""
    if isinstance(item, str) and ":" not in item:
        try:
            item = b64decode(item, validate=True)
        except (binascii.Error, ValueError):
            return None
    return item if isinstance(item, bytes) and len(item) == _OCTETS else None


def _items(code: int, raw: bytes | None) -> list[Any] | None:
    """Return the items of a leaf-list in any encoding."""
    if raw is None:
        return None
    if code == LEAFLIST:
        return leaf_list(raw)
    if code == STRING:
        return [raw.decode()]
    if code == CONTAINER:
        try:
            items = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
        return items if isinstance(items, list) else None
    return None


def _segment_part(part: str, cells: Cells, at: int) -> Any:
    """Return the members of a segment, as text, or its type; None if it can't be read."""
    if part == "type":
        kind = (cells.text[at] or "").rpartition(":")[2]
        return kind if kind in _BRACKETS else None
    if cells.code[at] == UINT:
        return [str(cells.number[at])]
    members = _items(int(cells.code[at]), cells.raw[at])
    if members is None or not all(str(member).isdecimal() for member in members):
        return None
    return [str(member) for member in members]


def _place(key: str | None, number: int) -> int | None:
    """Return where a segment stands in its path: by its key, in older models by the order of telling."""
    if key is None:
        return number
    return int(key) if key.isdecimal() else None
