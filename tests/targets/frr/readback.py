"""The records of a recording as plain values, read with the gNMI classes and not with the code under test."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pygnmi.spec.v080 import gnmi_pb2

from collectors.records import Kind, StoredRecord, decode_record
from targets.frr.recording import records_of
from targets.frr.report import Report
from targets.tree import Value, entry


@dataclass
class Said:
    """One record."""

    offset: int
    timestamp_ms: int
    target: str
    kind: Kind
    family: str
    session: str
    seq: int
    recv_ns: int
    content: dict[str, Any] = field(default_factory=dict)
    event_ns: int = 0
    sync: bool = False
    updates: dict[str, Value] = field(default_factory=dict)
    deletes: list[str] = field(default_factory=list)


def said(directory: Path) -> list[Said]:
    """Return all records of a recording."""
    return [read(record) for record in records_of(directory, "test", Report())]


def read(stored: StoredRecord) -> Said:
    record = decode_record(stored.value)
    out = Said(
        stored.offset,
        stored.timestamp_ms,
        stored.key,
        record.kind,
        record.family,
        record.session,
        record.seq,
        record.recv_ns,
    )
    if record.json:
        out.content = orjson.loads(record.json)
    if record.response:
        response = gnmi_pb2.SubscribeResponse.FromString(record.response)
        out.sync = response.sync_response
        notification = response.update
        out.event_ns = notification.timestamp
        prefix = path_text(notification.prefix)
        out.deletes = [prefix + path_text(path) for path in notification.delete]
        out.updates = {
            prefix + path_text(update.path): value_of(update.val) for update in notification.update
        }
        assert len(out.updates) == len(notification.update)
    return out


KEY_ORDER = (
    "route-distinguisher", "esi", "ethernet-tag", "mac-address", "mac-length", "host-ip", "ip-prefix-length",
    "ip-prefix", "ip-length", "originating-router-ip", "originator-ip-length", "peer-ip", "peer-path-id",
    "source-route-distinguisher", "source-address-family", "identifier", "name",
)  # fmt: skip
"""Protobuf maps have no order; paths as text need one."""


def path_text(path: Any) -> str:
    text = ""
    for element in path.elem:
        ordered = sorted(element.key, key=lambda key: KEY_ORDER.index(key) if key in KEY_ORDER else 0)
        text += "/" + entry(element.name, **{key: element.key[key] for key in ordered})
    return text


def value_of(value: Any) -> Value:
    kind = value.WhichOneof("value")
    if kind == "leaflist_val":
        return tuple(value_of(item) for item in value.leaflist_val.element)  # type: ignore[misc]  # leaves only
    assert kind in ("string_val", "uint_val", "bool_val", "bytes_val"), kind
    content: Value = getattr(value, kind)
    return content


def state(records: Iterable[Said], target: str, family: str) -> dict[str, Value]:
    """Return the state a consumer of one target's family ends with: deletes first, then updates."""
    tree: dict[str, Value] = {}
    for record in records:
        if record.target == target and record.family == family:
            for gone in record.deletes:
                below = (gone + "/", gone + "[")
                tree = {path: it for path, it in tree.items() if path != gone and not path.startswith(below)}
            tree |= record.updates
    return tree
