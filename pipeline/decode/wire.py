"""Wire bytes to flat Arrow arrays: ptars with a slim descriptor.

The descriptor has the field numbers of ``fabricscope.v1.Record`` and of gnmi.proto 0.8, and only the fields
that decode reads: every field left out is work left out. It lives in a descriptor pool of its own, away from
the gNMI classes that a collector in the same process may have loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray
from ptars import HandlerPool

from collectors.records import Kind, RecordError, decode_record, encode_record
from pipeline.decode.octets import PAD

_FIELD: Final = FieldDescriptorProto
_PACKAGE: Final = "fabricscope.slim"
_PIECE_BYTES: Final = 4 << 20
"""Records are read in pieces of about this size: larger buffers cost more to grow than pieces to join."""
_FILE: Final = "fabricscope/slim.proto"

UPDATE: Final = "Update"
TYPED_VALUE: Final = "TypedValue"

# message -> (number, name, type, repeated, member of the oneof); a type that is a name is a message
_MESSAGES: Final[dict[str, list[tuple[int, str, int | str, bool, bool]]]] = {
    "Record": [
        (1, "kind", _FIELD.TYPE_UINT32, False, False),
        (2, "profile", _FIELD.TYPE_STRING, False, False),
        (3, "family", _FIELD.TYPE_STRING, False, False),
        (4, "session", _FIELD.TYPE_STRING, False, False),
        (5, "seq", _FIELD.TYPE_UINT64, False, False),
        (6, "recv_ns", _FIELD.TYPE_SFIXED64, False, False),
        (7, "response", "SubscribeResponse", False, False),
        (8, "json", _FIELD.TYPE_BYTES, False, False),
    ],
    "SubscribeResponse": [
        (1, "update", "Notification", False, False),
        (3, "sync_response", _FIELD.TYPE_BOOL, False, False),
    ],
    # paths and updates stay bytes here: see octets, fields and paths
    "Notification": [
        (1, "timestamp", _FIELD.TYPE_INT64, False, False),
        (2, "prefix", _FIELD.TYPE_BYTES, False, False),
        (4, "update", _FIELD.TYPE_BYTES, True, False),
        (5, "delete", _FIELD.TYPE_BYTES, True, False),
        (6, "atomic", _FIELD.TYPE_BOOL, False, False),
    ],
    UPDATE: [
        (1, "path", _FIELD.TYPE_BYTES, False, False),
        (3, "val", _FIELD.TYPE_BYTES, False, False),
        (4, "duplicates", _FIELD.TYPE_UINT32, False, False),
    ],
    TYPED_VALUE: [
        (1, "string_val", _FIELD.TYPE_STRING, False, True),
        (2, "int_val", _FIELD.TYPE_INT64, False, True),
        (3, "uint_val", _FIELD.TYPE_UINT64, False, True),
        (4, "bool_val", _FIELD.TYPE_BOOL, False, True),
        (8, "leaflist_val", _FIELD.TYPE_BYTES, False, True),
        (10, "json_val", _FIELD.TYPE_BYTES, False, True),
        (11, "json_ietf_val", _FIELD.TYPE_BYTES, False, True),
    ],
    "ScalarArray": [(1, "element", "Scalar", True, False)],
    "Scalar": [
        (1, "string_val", _FIELD.TYPE_STRING, False, True),
        (2, "int_val", _FIELD.TYPE_INT64, False, True),
        (3, "uint_val", _FIELD.TYPE_UINT64, False, True),
        (5, "bytes_val", _FIELD.TYPE_BYTES, False, True),
    ],
}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record, by its row in the batch, or the content of one, that is not what the contract says."""

    row: int
    reason: str


def read(values: Sequence[bytes]) -> tuple[NDArray[np.int64], pa.RecordBatch, list[Unreadable]]:
    """Return the rows of the readable records, their content, one row each, and what could not be read.

    A record whose notification can't be read stays, without it, so that its session shows no hole; one whose
    envelope can't be read is left out.
    """
    wire = dict(enumerate(values))
    unreadable: list[Unreadable] = []
    try:
        found = _arrow(list(values))
    except ValueError:
        unreadable = [Unreadable(row, reason) for row, reason in _malformed(list(values), 0)]
        _strip(wire, unreadable)
        found = _arrow(list(wire.values()))
    kind = found.column("kind").to_numpy()
    unknown = (kind < min(Kind)) | (kind > max(Kind))
    misplaced = (kind != Kind.RESPONSE) & found.column("response").is_valid().to_numpy(zero_copy_only=False)
    rows = np.fromiter(wire, dtype=np.int64, count=len(wire))
    if unknown.any() or misplaced.any():
        again = [
            Unreadable(int(rows[at]), f"unknown kind of record: {kind[at]}") for at in np.flatnonzero(unknown)
        ]
        again += [
            Unreadable(int(rows[at]), f"a record of kind {kind[at]} holds a notification")
            for at in np.flatnonzero(misplaced & ~unknown)
        ]
        _strip(wire, again)
        unreadable += again
        found = _arrow(list(wire.values()))
        rows = np.fromiter(wire, dtype=np.int64, count=len(wire))
    return rows, found, unreadable


def _strip(wire: dict[int, bytes], unreadable: list[Unreadable]) -> None:
    """Take the notification off unreadable records, or the whole record away if no envelope is left."""
    for one in unreadable:
        envelope = _envelope(wire[one.row])
        if envelope is None:
            del wire[one.row]
        else:
            wire[one.row] = envelope


def flat(column: pa.BinaryArray) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Return the bytes of a column, and where each of its items starts and ends in them."""
    ends = np.frombuffer(column.buffers()[1], dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    places = ends.astype(np.int64)
    return np.frombuffer(column.buffers()[2], dtype=np.uint8), places[:-1], places[1:]


def items(column: pa.ListArray) -> tuple[NDArray[np.int32], pa.Array]:
    """Return where each row's items start, and where the last end, and the items of all rows."""
    start = column.offsets.to_numpy()
    return start, column.values.slice(0, int(start[-1]))


def _arrow(values: list[bytes]) -> pa.RecordBatch:
    """Return one row per record; raises ValueError if any is malformed.

    Behind the last record stand some octets more in the buffers of paths and updates (see ``octets``).
    """
    padded = [*values, _padding()]
    ends = np.cumsum(np.fromiter(map(len, padded), dtype=np.int64, count=len(padded)))
    cuts = np.searchsorted(ends, np.arange(_PIECE_BYTES, ends[-1], _PIECE_BYTES))
    bounds = np.unique(np.concatenate(([0], cuts, [len(padded)]))).tolist()
    pieces = [_handler().list_to_record_batch(padded[start:end]) for start, end in pairwise(bounds)]
    found = pieces[0] if len(pieces) == 1 else pa.concat_batches(pieces)
    return found.slice(0, len(values))


@cache
def _padding() -> bytes:
    """Return a record whose prefix, update and delete are nothing but octets."""
    record: Any = message_class("Record")()
    notification = record.response.update
    notification.prefix = bytes(PAD)
    notification.update.append(bytes(PAD))
    notification.delete.append(bytes(PAD))
    return bytes(record.SerializeToString())


def _malformed(values: list[bytes], start: int) -> list[tuple[int, str]]:
    """Return position and reason of each malformed record: one such fails a whole call."""
    try:
        _arrow(values)
    except ValueError as error:
        if len(values) == 1:
            return [
                (
                    start,
                    f"malformed protobuf: {str(error).removeprefix('failed to decode Protobuf message: ')}",
                )
            ]
        half = len(values) // 2
        return _malformed(values[:half], start) + _malformed(values[half:], start + half)
    else:
        return []


def _envelope(value: bytes) -> bytes | None:
    """Return a record without its notification, or None if not even that can be read."""
    try:
        envelope = encode_record(replace(decode_record(value), response=b""))
        _arrow([envelope])
    except (RecordError, ValueError):
        return None
    return envelope


def leaf_list(raw: bytes) -> list[str | int | bytes] | None:
    """Return the items of a ``gnmi.ScalarArray``: text, numbers, octets; None if it holds anything else."""
    array: Any = message_class("ScalarArray")()
    try:
        array.ParseFromString(raw)
    except DecodeError:
        return None
    kinds = [item.WhichOneof("value") for item in array.element]
    if None in kinds:
        return None
    return [getattr(item, kind) for item, kind in zip(array.element, kinds, strict=True)]


@cache
def message_class(name: str) -> type[Message]:
    """Return the class of one of the messages above, for the few that are read one by one."""
    return message_factory.GetMessageClass(_slim().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@cache
def _handler() -> Any:  # ptars publishes no types
    pool = _slim()
    return HandlerPool([pool.FindFileByName(_FILE)]).get_for_message(
        pool.FindMessageTypeByName(f"{_PACKAGE}.Record")
    )


@cache
def _slim() -> DescriptorPool:
    """Return the descriptors of all messages above."""
    file = FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind, repeated, in_oneof in fields:
            one = message.field.add(name=field, number=number)
            one.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if isinstance(kind, str):
                one.type, one.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                one.type = _FIELD.Type.ValueType(kind)
            if in_oneof:
                one.oneof_index = 0
        if any(in_oneof for *_, in_oneof in fields):
            message.oneof_decl.add(name="value")
    pool = DescriptorPool()
    pool.Add(file)
    return pool
