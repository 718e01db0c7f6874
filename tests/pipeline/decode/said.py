"""What devices say, built in tests: paths, values and records."""

import json
from collections.abc import Iterable, Sequence

import numpy as np
from pygnmi.spec.v080 import gnmi_pb2

from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch

Element = tuple[str, dict[str, str]]
Elements = Sequence[Element]

LINK: Element = ("interfaces", {})


def interface(name: str) -> list[Element]:
    return [("interfaces", {}), ("interface", {"name": name})]


def down(*names: str) -> list[Element]:
    return [(name, {}) for name in names]


def fill(path: gnmi_pb2.Path, elements: Elements) -> gnmi_pb2.Path:
    for name, keys in elements:
        element = path.elem.add(name=name)
        for key, value in keys.items():
            element.key[key] = value
    return path


def proto(value: object) -> gnmi_pb2.TypedValue:
    """Return a value as PROTO encoding has it."""
    typed = gnmi_pb2.TypedValue()
    if isinstance(value, bool):
        typed.bool_val = value
    elif isinstance(value, int):
        typed.uint_val = value
    elif isinstance(value, str):
        typed.string_val = value
    elif isinstance(value, list):
        typed.leaflist_val.SetInParent()
        for item in value:
            if isinstance(item, bytes):
                typed.leaflist_val.element.add(bytes_val=item)
            elif isinstance(item, int):
                typed.leaflist_val.element.add(uint_val=item)
            else:
                typed.leaflist_val.element.add(string_val=item)
    return typed


def json_ietf(value: object) -> gnmi_pb2.TypedValue:
    return gnmi_pb2.TypedValue(json_ietf_val=json.dumps(value).encode())


def notification(
    updates: Iterable[tuple[Elements, gnmi_pb2.TypedValue]] = (),
    deletes: Iterable[Elements] = (),
    prefix: Elements = (),
    *,
    atomic: bool = False,
    timestamp: int = 1_700_000_000_000_000_000,
) -> gnmi_pb2.Notification:
    built = gnmi_pb2.Notification(timestamp=timestamp, atomic=atomic)
    if prefix:
        fill(built.prefix, prefix)
    for path, value in updates:
        update = built.update.add()
        fill(update.path, path)
        update.val.CopyFrom(value)
    for path in deletes:
        fill(built.delete.add(), path)
    return built


def record(said: gnmi_pb2.Notification | None = None, profile: str = "openconfig", seq: int = 0) -> bytes:
    response = gnmi_pb2.SubscribeResponse(update=said) if said is not None else gnmi_pb2.SubscribeResponse()
    return encode_record(
        Record(
            Kind.RESPONSE, profile, "link", "s1", seq, 1_700_000_000_500_000_000, response.SerializeToString()
        )
    )


def batch(values: Sequence[bytes], first: int = 0) -> RawBatch:
    offsets = np.arange(first, first + len(values), dtype=np.int64)
    return RawBatch(offsets, 1_700_000_001_000 + offsets, ["leaf1"] * len(values), list(values))
