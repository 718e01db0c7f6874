"""Responses larger than a record: one notification becomes several, cut between updates.

What fits is passed on as the bytes it came in. A larger response is decoded and said again in parts, all with
its timestamp and prefix, deletes before updates as in the whole (gNMI specification 0.10, section 3.5.2.3).
An ``atomic`` notification means "this and nothing else", which its parts would not; neither it nor
a single update that is too large can be cut.
"""

from collections.abc import Iterator
from typing import Final

from google.protobuf.message import DecodeError
from pygnmi.spec.v080 import gnmi_pb2

from collectors.records import MAX_RECORD_BYTES

ENVELOPE_BYTES: Final = 4096
"""More than an envelope takes: names of profile, family and session, and five numbers."""
MAX_RESPONSE_BYTES: Final = MAX_RECORD_BYTES - ENVELOPE_BYTES
_FRAMING_BYTES: Final = 16
"""Tag and length around each update, and around the notification."""


class UncuttableError(ValueError):
    """A response that is too large for a record and can't be said in parts; the message says why."""


def cut_response(message: bytes, limit: int = MAX_RESPONSE_BYTES) -> Iterator[bytes]:
    """Yield ``message`` itself if it fits, else its parts, each of at most ``limit`` bytes.

    Raises UncuttableError before anything is yielded.
    """
    return iter((message,)) if len(message) <= limit else iter(_parts(message, limit))


def _parts(message: bytes, limit: int) -> list[bytes]:
    size = f"a response of {len(message)} bytes is larger than a record"
    try:
        whole = gnmi_pb2.SubscribeResponse.FromString(message)
    except DecodeError as error:
        raise UncuttableError(f"{size} and is no SubscribeResponse: {error}") from error
    told = whole.update
    if told.atomic:
        raise UncuttableError(f"{size} and atomic: its parts would not mean the same")
    parts: list[bytes] = []
    part, room = _part_of(told, limit)
    for field in ("delete", "update"):
        for entry in getattr(told, field):
            need = entry.ByteSize() + _FRAMING_BYTES
            if need > room and (part.update.delete or part.update.update):
                parts.append(part.SerializeToString())
                part, room = _part_of(told, limit)
            if need > room:
                raise UncuttableError(f"{size} and has a single {field} of {entry.ByteSize()} bytes")
            getattr(part.update, field).append(entry)
            room -= need
    parts.append(part.SerializeToString())
    return parts


def _part_of(told: gnmi_pb2.Notification, limit: int) -> tuple[gnmi_pb2.SubscribeResponse, int]:
    """Return an empty part with timestamp and prefix, and how many bytes of entries it can take."""
    part = gnmi_pb2.SubscribeResponse()
    part.update.timestamp = told.timestamp
    if told.HasField("prefix"):
        part.update.prefix.CopyFrom(told.prefix)
    return part, limit - part.ByteSize() - _FRAMING_BYTES
