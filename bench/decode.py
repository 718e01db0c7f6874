"""Decode against pygnmi's ``telemetryParser``, on the same bytes in the same run.

The parser makes dicts of a message's paths and values; decode makes rows with typed keys and columns, which
is more. So that both are known to say the same, rows are made of the dicts as well, and a difference ends the
benchmark. Two ratios are told: to the parser alone, which has the goal, and to parser and rows together. Of a
list told as one JSON value the parser makes nothing but that value: there only the second one compares.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any, Final

import numpy as np
from pygnmi.client import telemetryParser
from pygnmi.spec.v080 import gnmi_pb2

from bench.figures import Figure
from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.schema import ENTITIES

GOAL: Final = 10.0
RUNS: Final = 7
LEAVES: Final = 100_000
QUICK_LEAVES: Final = 10_000
BLOB_ENTRIES: Final = 20

Path = list[tuple[str, dict[str, str]]]
Row = tuple[int, tuple[Any, ...], dict[str, Any]]  # Any: a cell of any column
Leaf = tuple[str, Any]  # Any: a value of any type

_ELEMENT: Final = re.compile(r"([^/\[]+)((?:\[[^=]+=[^\]]*\])*)/?")
_KEY: Final = re.compile(r"\[([^=]+)=([^\]]*)\]")


@dataclass(frozen=True)
class Subject:
    """What is told: entries of one list, each with some leaves."""

    name: str
    table: str
    prefix: Path
    entry: Callable[[int], Path]
    leaves: tuple[Leaf, ...]
    keys: Callable[[dict[str, str]], tuple[Any, ...]]
    """The key columns of a row, from the list keys of a path."""
    values: dict[str, tuple[str, Callable[[Any], Any]]]
    """Column and type of each leaf that has one."""
    blob: Callable[[int], tuple[Path, Any]]
    """Path and value of an update that tells ``BLOB_ENTRIES`` entries from the n-th on."""


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield how much faster decode is than the parser, for each encoding and notification size."""
    leaves, runs = (QUICK_LEAVES, 1) if quick else (LEAVES, RUNS)
    for subject in (MACS, ROUTES):
        for form, messages in (("PROTO", _proto), ("JSON leaves", _json), ("JSON lists", _blobs)):
            for size in (1, 10):
                responses, told = messages(subject, leaves, size)
                figure, with_rows = _compared(subject, responses, told, runs)
                what = f"{subject.name}, {form}, {size} per notification"
                goal = form == "PROTO" and size == 10
                if messages is not _blobs:
                    yield replace(
                        figure,
                        what=what,
                        goal=f">= {GOAL:g}" if goal else "",
                        reached=figure.median >= GOAL if goal else None,
                    )
                yield replace(with_rows, what=f"{what}, to rows")


def _compared(subject: Subject, responses: list[bytes], leaves: int, runs: int) -> tuple[Figure, Figure]:
    """Return decode against the parser, and against parser and rows."""
    records = [
        encode_record(Record(Kind.RESPONSE, "openconfig", "mac", "s", seq, response=response))
        for seq, response in enumerate(responses)
    ]
    places = np.arange(len(records), dtype=np.int64)
    batch = RawBatch(places, places, ["leaf1"] * len(records), records)
    rows_s = _check(subject, responses, batch)
    parser_s: list[float] = []
    decode_s: list[float] = []
    for _ in range(runs):
        begin = time.perf_counter()
        for response in responses:
            telemetryParser(gnmi_pb2.SubscribeResponse.FromString(response))
        middle = time.perf_counter()
        decode(batch)
        parser_s.append(middle - begin)
        decode_s.append(time.perf_counter() - middle)
    figure = Figure(
        bench="decode",
        what=subject.name,
        unit="x pygnmi",
        runs=tuple(parser / own for parser, own in zip(parser_s, decode_s, strict=True)),
        details={
            "leaves": leaves,
            "records": len(records),
            "bytes_per_record": sum(map(len, records)) / len(records),
            "decode_leaves_per_s": [leaves / seconds for seconds in decode_s],
            "parser_leaves_per_s": [leaves / seconds for seconds in parser_s],
            "parser_and_plain_rows_leaves_per_s": leaves / rows_s,
        },
    )
    return figure, replace(figure, runs=tuple(rows_s / own for own in decode_s))


# what is told


def _mac(number: int) -> str:
    return (0x0011_0000_0000 + number).to_bytes(6).hex(":")


def _mac_entry(number: int) -> Path:
    return [("entry", {"mac-address": _mac(number)}), ("producers", {}), ("producer", {"producer": "BGP"})]


def _octets(text: str) -> int:
    return int(text.replace(":", ""), 16)


def _esi(text: str) -> str:
    return ":".join(text[at : at + 2] for at in range(0, 20, 2))


_MAC_LEAVES: Final[tuple[Leaf, ...]] = (
    ("producer", "BGP"),
    ("seq-number", 4),
    ("esi", "00112233445566778899"),
    ("sticky", False),
    ("mobility-state", "DUPLICATE"),
)


def _mac_blob(number: int) -> tuple[Path, Any]:
    entries = [
        {
            "mac-address": _mac(at),
            "producers": {"producer": [{"producer": "BGP", "state": dict(_MAC_LEAVES)}]},
        }
        for at in range(number, number + BLOB_ENTRIES)
    ]
    return [], {"entry": entries}


MACS: Final = Subject(
    name="MAC entries",
    table="mac",
    prefix=[
        ("network-instances", {}),
        ("network-instance", {"name": "evi-1010"}),
        *((name, {}) for name in ("fdb", "l2rib", "mac-table", "entries")),
    ],
    entry=_mac_entry,
    leaves=_MAC_LEAVES,
    keys=lambda keys: (
        keys["network-instance/name"],
        _octets(keys["entry/mac-address"]),
        keys["producer/producer"],
    ),
    values={
        "seq-number": ("mobility_seq", int),
        "esi": ("esi", _esi),
        "sticky": ("sticky", bool),
        "mobility-state": ("mobility_state", str),
    },
    blob=_mac_blob,
)


def _ip(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _route_keys(number: int) -> dict[str, str]:
    return {
        "ethernet-tag": "0",
        "mac-address": _mac(number),
        "mac-length": "48",
        "ip-prefix": f"{_ip(number)}/32",
        "ip-length": "32",
    }


_PATH_KEYS: Final = {
    "peer-ip": "10.0.0.1",
    "peer-path-id": "0",
    "source-route-distinguisher": "0:0",
    "source-address-family": "L2VPN_EVPN",
}
_ROUTE_LEAVES: Final[tuple[Leaf, ...]] = (
    ("peer-ip", "10.0.0.1"),
    ("peer-path-id", 0),
    ("label", "1010"),
    ("label2", "50010"),
    ("bestpath", True),
    ("valid-route", True),
    ("attr-index", 7),
    ("ext-community-index", 9),
    ("last-modified", 1_700_000_000_000_000_000),
    ("esi", "00112233445566778899"),
)


def _route_blob(number: int) -> tuple[Path, Any]:
    routes = [
        {**_route_keys(at), "paths": {"path": [{**_PATH_KEYS, "state": dict(_ROUTE_LEAVES)}]}}
        for at in range(number, number + BLOB_ENTRIES)
    ]
    return [], {"type-two-route": routes}


def _route_row_keys(keys: dict[str, str]) -> tuple[Any, ...]:
    route = {
        name.partition("/")[2]: text for name, text in keys.items() if name.startswith("type-two-route/")
    }
    address = ip_address(route["ip-prefix"].partition("/")[0])
    return (
        *("loc_rib", keys["network-instance/name"], keys["route-distinguisher/route-distinguisher"], 2, None),
        *(int(route["ethernet-tag"]), _octets(route["mac-address"])),
        *(0, 0xFFFF_0000_0000 | int(address), int(route["ip-length"]), None),
        *(keys["path/peer-ip"], int(keys["path/peer-path-id"]), None),
    )


ROUTES: Final = Subject(
    name="EVPN routes",
    table="evpn_route",
    prefix=[
        ("network-instances", {}),
        ("network-instance", {"name": "default"}),
        ("protocols", {}),
        ("protocol", {"identifier": "BGP", "name": "BGP"}),
        *((name, {}) for name in ("bgp", "rib", "afi-safis")),
        ("afi-safi", {"afi-safi-name": "L2VPN_EVPN"}),
        *((name, {}) for name in ("l2vpn-evpn", "loc-rib", "routes")),
        ("route-distinguisher", {"route-distinguisher": "10.0.0.1:1010"}),
        ("type-two-mac-ip-advertisement", {}),
    ],
    entry=lambda number: [("type-two-route", _route_keys(number)), ("paths", {}), ("path", _PATH_KEYS)],
    leaves=_ROUTE_LEAVES,
    keys=_route_row_keys,
    values={
        "label": ("label", int),
        "label2": ("label2", int),
        "bestpath": ("best", bool),
        "valid-route": ("valid", bool),
        "attr-index": ("attr_index", int),
        "ext-community-index": ("ext_community_index", int),
        "last-modified": ("last_modified", lambda ns: int(ns) // 1000),
        "esi": ("esi", _esi),
    },
    blob=_route_blob,
)


# how it is told


def _proto(subject: Subject, leaves: int, size: int) -> tuple[list[bytes], int]:
    def value(leaf: Any) -> gnmi_pb2.TypedValue:  # Any: as in Leaf
        match leaf:
            case bool():
                return gnmi_pb2.TypedValue(bool_val=leaf)
            case int():
                return gnmi_pb2.TypedValue(uint_val=leaf)
            case _:
                return gnmi_pb2.TypedValue(string_val=leaf)

    return _leaf_by_leaf(subject, leaves, size, value), leaves


def _json(subject: Subject, leaves: int, size: int) -> tuple[list[bytes], int]:
    def value(leaf: Any) -> gnmi_pb2.TypedValue:  # Any: as in Leaf
        # RFC 7951: numbers of 64 bits are text
        wide = isinstance(leaf, int) and leaf >= 1 << 32
        return gnmi_pb2.TypedValue(json_ietf_val=json.dumps(str(leaf) if wide else leaf).encode())

    return _leaf_by_leaf(subject, leaves, size, value), leaves


def _leaf_by_leaf(
    subject: Subject, leaves: int, size: int, value: Callable[[Any], gnmi_pb2.TypedValue]
) -> list[bytes]:
    each = len(subject.leaves)
    updates = (
        (
            [*subject.entry(at // each), ("state", {}), (subject.leaves[at % each][0], {})],
            value(subject.leaves[at % each][1]),
        )
        for at in range(leaves)
    )
    return _responses(subject, updates, size)


def _blobs(subject: Subject, leaves: int, size: int) -> tuple[list[bytes], int]:
    per_update = BLOB_ENTRIES * len(subject.leaves)
    count = max(leaves // per_update, size)
    blobs = (subject.blob(at * BLOB_ENTRIES) for at in range(count))
    updates = ((path, gnmi_pb2.TypedValue(json_ietf_val=json.dumps(tree).encode())) for path, tree in blobs)
    return _responses(subject, updates, size), count * per_update


def _responses(
    subject: Subject, updates: Iterator[tuple[Path, gnmi_pb2.TypedValue]], size: int
) -> list[bytes]:
    responses: list[bytes] = []
    notification = gnmi_pb2.Notification()
    for at, (path, value) in enumerate(updates):
        if at % size == 0:
            notification = gnmi_pb2.Notification(timestamp=1_700_000_000_000_000_000 + at)
            _fill(notification.prefix, subject.prefix)
        update = notification.update.add()
        _fill(update.path, path)
        update.val.CopyFrom(value)
        if at % size == size - 1:
            responses.append(gnmi_pb2.SubscribeResponse(update=notification).SerializeToString())
    return responses


def _fill(path: gnmi_pb2.Path, elements: Path) -> None:
    for name, keys in elements:
        element = path.elem.add(name=name)
        for key, text in keys.items():
            element.key[key] = text


# whether both say the same


def _check(subject: Subject, responses: list[bytes], batch: RawBatch) -> float:
    """Return the seconds that rows made of the parser's dicts take; end the benchmark if they differ."""
    begin = time.perf_counter()
    expected = _rows_of_parser(subject, responses)
    took = time.perf_counter() - begin
    decoded = decode(batch)
    actual = {
        table: _rows_of_decode(subject, rows.iter_rows(named=True)) for table, rows in decoded.tables.items()
    }
    if actual != {subject.table: expected} or len(decoded.dead):
        raise SystemExit(
            f"decode and pygnmi's parser differ on {subject.name}: the figures would mean nothing"
        )
    return took


def _rows_of_decode(
    subject: Subject, rows: Iterator[dict[str, Any]]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = ENTITIES[subject.table].keys
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        leaves = {name: row[name] for name, _ in subject.values.values() if row[name] is not None}
        if "last_modified" in leaves:
            leaves["last_modified"] = round(leaves["last_modified"].timestamp() * 1_000_000)
        found[row["record"], *(row[key] for key in keys)] = leaves
    return found


def _rows_of_parser(subject: Subject, responses: list[bytes]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return rows by record and key, made of the parser's dicts as plainly as can be."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    wanted = "/".join(name for name, _ in (*subject.prefix, *subject.entry(0)))
    for record, response in enumerate(responses):
        parsed = telemetryParser(gnmi_pb2.SubscribeResponse.FromString(response))["update"]
        for update in parsed["update"]:
            for path, value in _leaves(f"{parsed['prefix']}/{update['path'] or ''}", update["val"]):
                elements = _ELEMENT.findall(path)
                names = "/".join(name for name, _ in elements)
                if not names.startswith(wanted):
                    continue
                keys = {f"{name}/{key}": text for name, part in elements for key, text in _KEY.findall(part)}
                row = found.setdefault((record, *subject.keys(keys)), {})
                if elements[-1][0] in subject.values:
                    column, convert = subject.values[elements[-1][0]]
                    row[column] = convert(value)
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # Any: JSON
    """Yield the leaves of a value with their paths; list entries tell nothing but keys and containers."""
    path = path.rstrip("/")
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        if isinstance(inner, list):
            for entry in inner:
                keys = "".join(f"[{key}={text}]" for key, text in entry.items() if not isinstance(text, dict))
                containers = {key: one for key, one in entry.items() if isinstance(one, dict)}
                yield from _leaves(f"{path}/{name}{keys}", containers)
        else:
            yield from _leaves(f"{path}/{name}", inner)
