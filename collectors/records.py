"""The record contract: what stands in the topic ``fabricscope.raw.<fabric>``.

One Kafka record carries one ``fabricscope.v1.Record``: an envelope of a few scalars around what a device
sent, whose bytes are never rewritten. The key of a Kafka record is the target's name (of a tick: the
collector's), its timestamp is the time of receipt in milliseconds. Nothing is put into Kafka headers.

The message, as a ``.proto`` would say it (field numbers are for ever)::

    message Record {
      Kind   kind     = 1;
      string profile  = 2;   // vendor profile: which paths mean what
      string family   = 3;   // subscription family: routes, mac, vtep, es, link, bgp, liveness, ...
      string session  = 4;   // start time in ns + collector id: a newer session sorts behind an older one
      uint64 seq      = 5;   // counts the records of a session from 0
      sfixed64 recv_ns = 6;  // collector clock, ns since the epoch
      gnmi.SubscribeResponse response = 7;  // the device's bytes
      bytes  json     = 8;   // content of start, end, fabric and action
    }
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

TOPIC_PREFIX: Final = "fabricscope.raw."
MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
"""Largest record value; topic, producer and consumer agree on it."""

RETIRED: Final = "removed from the inventory"
"""The reason of an end after which nobody expects to hear of the target."""

_FABRIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Kind(IntEnum):
    """What a record says."""

    RESPONSE = 1
    """What the device said: one ``gnmi.SubscribeResponse``, sync_response included."""
    START = 2
    """An RPC began. JSON: role, site, rack, labels, paths with mode and interval, models, versions."""
    END = 3
    """The RPC ended. JSON: reason; heard_ns, if the target was last heard a while before."""
    TICK = 4
    """Time passes: each collector, each fabric, each second."""
    FABRIC = 5
    """What the operator declares about the fabric. JSON."""
    ACTION = 6
    """What people do. JSON: actor, verb, subject."""


class RecordError(ValueError):
    """A record value that is no ``fabricscope.v1.Record``."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record value. Fields that a kind does not use stay empty."""

    kind: Kind
    profile: str = ""
    family: str = ""
    session: str = ""
    seq: int = 0
    recv_ns: int = 0
    response: bytes = b""
    json: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as it stands in a topic or a capture."""

    offset: int
    timestamp_ms: int
    key: str
    value: bytes


def topic_of(fabric: str) -> str:
    """Return the topic of a fabric; raises ValueError for a name that Kafka would refuse."""
    if not _FABRIC_NAME.fullmatch(fabric):
        raise ValueError(
            f"fabric name {fabric!r} can't be part of a topic's name: use up to 200 of A-Z a-z 0-9 . _ -"
        )
    return TOPIC_PREFIX + fabric


def session_id(start_ns: int, collector: str) -> str:
    """Return the id of a session: a later start sorts behind an earlier one, as text."""
    return f"{start_ns:020d}-{collector}"


def encode_record(record: Record) -> bytes:
    """Return the wire bytes of a record; the embedded message's bytes are copied as they are."""
    parts = [b"\x08", _varint(record.kind)]
    for tag, text in ((b"\x12", record.profile), (b"\x1a", record.family), (b"\x22", record.session)):
        if text:
            raw = text.encode()
            parts += [tag, _varint(len(raw)), raw]
    if record.seq:
        parts += [b"\x28", _varint(record.seq)]
    if record.recv_ns:
        parts += [b"\x31", record.recv_ns.to_bytes(8, "little", signed=True)]
    if record.kind is Kind.RESPONSE:
        parts += [b"\x3a", _varint(len(record.response)), record.response]
    if record.json:
        parts += [b"\x42", _varint(len(record.json)), record.json]
    return b"".join(parts)


def decode_record(value: bytes) -> Record:
    """Return the record in ``value``; raises RecordError. For tools: the pipeline decodes whole batches."""
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(value):
        tag, at = _read_varint(value, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            fields[number], at = _read_varint(value, at)
        elif wire_type in (1, 2):
            size, at = (8, at) if wire_type == 1 else _read_varint(value, at)
            if at + size > len(value):
                raise RecordError(f"field {number} is cut off at byte {len(value)}")
            fields[number], at = value[at : at + size], at + size
        else:
            raise RecordError(f"field {number} has wire type {wire_type}, which no Record uses")
    try:
        kind = Kind(_number(fields, 1))
    except ValueError as error:
        raise RecordError(f"unknown kind {fields.get(1)!r}") from error
    return Record(
        kind=kind,
        profile=_text(fields, 2),
        family=_text(fields, 3),
        session=_text(fields, 4),
        seq=_number(fields, 5),
        recv_ns=int.from_bytes(_bytes(fields, 6), "little", signed=True),
        response=_bytes(fields, 7),
        json=_bytes(fields, 8),
    )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise RecordError(f"cut off at byte {len(data)}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise RecordError(f"a number longer than 64 bits ends at byte {at}")


def _number(fields: dict[int, int | bytes], number: int) -> int:
    value = fields.get(number, 0)
    if not isinstance(value, int):
        raise RecordError(f"field {number} must be a number")
    return value


def _bytes(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number, b"")
    if not isinstance(value, bytes):
        raise RecordError(f"field {number} must be bytes")
    return value


def _text(fields: dict[int, int | bytes], number: int) -> str:
    try:
        return _bytes(fields, number).decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"field {number} is no UTF-8") from error
