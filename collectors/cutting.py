"""Responses larger than a record: one notification becomes several, cut between updates. Pure.

What fits is passed on as the bytes it came in. Of a larger response only tags and lengths are read; its
parts repeat the bytes of its timestamp and prefix and share its deletes and updates, deletes before updates
as in the whole (gNMI specification 0.10, section 3.5.2.3). Extensions beside the notification speak of the
RPC, not of the data, and are not repeated. An ``atomic`` notification means "this and nothing else", which
its parts would not; neither it nor a single update that is too large can be cut.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from collectors.records import MAX_RECORD_BYTES
from collectors.wire import LENGTH_DELIMITED, VARINT, Field, WireError, fields, length_delimited, varint

ENVELOPE_BYTES: Final = 4096
"""More than an envelope takes: names of profile, family and session, and five numbers."""
MAX_RESPONSE_BYTES: Final = MAX_RECORD_BYTES - ENVELOPE_BYTES
MAX_ENTRIES: Final = 500_000
"""Updates and deletes of a response that is cut; 64 bytes each in the largest that is taken."""
_FRAMING_BYTES: Final = 16
"""Tag and length around the notification."""
_UPDATE, _SYNC_RESPONSE = 1, 3
"""Fields of ``gnmi.SubscribeResponse``."""
_ENTRIES: Final = {5: "delete", 4: "update"}
"""Fields of ``gnmi.Notification`` that parts share, in the order in which they count."""
_ATOMIC: Final = 6

Spans = list[tuple[int, int]]
"""Where entries begin and end in the response."""


class UncuttableError(ValueError):
    """A response that is too large for a record and can't be said in parts; the message says why."""


def cut_response(message: bytes, limit: int = MAX_RESPONSE_BYTES) -> list[bytes]:
    """Return ``message`` itself if it fits, else its parts, each of at most ``limit`` bytes.

    Takes up to a second for the largest responses. Raises UncuttableError.
    """
    if len(message) <= limit:
        return [message]
    try:
        return _parts(message, limit)
    except WireError as error:
        reason = f"is no SubscribeResponse: {error}"
    except UncuttableError as error:
        reason = str(error)
    raise UncuttableError(f"a response of {len(message)} bytes is larger than a record and {reason}")


def _parts(message: bytes, limit: int) -> list[bytes]:
    head, entries = _notification(message)
    if len(head) > limit // 2:  # each part repeats it
        raise UncuttableError(f"has {len(head)} bytes beside its updates")
    room = limit - _FRAMING_BYTES - len(head)
    parts: list[Spans] = [[]]
    left = room
    for number, kind in _ENTRIES.items():
        for start, end in entries[number]:
            size = end - start
            if size > room:
                raise UncuttableError(f"has a single {kind} of {size} bytes")
            if size > left:
                parts.append([])
                left = room
            left -= size
            part = parts[-1]
            if part and part[-1][1] == start:
                part[-1] = part[-1][0], end
            else:
                part.append((start, end))
    return [length_delimited(_UPDATE, head, *_slices(message, part)) for part in parts]


def _notification(message: bytes) -> tuple[bytes, dict[int, Spans]]:
    """Return the bytes that all parts repeat, and where the entries are, by field.

    A notification said in pieces is all of them together: so are embedded messages read.
    """
    entries: dict[int, Spans] = {number: [] for number in _ENTRIES}
    head: Spans = []
    for place, one in enumerate(_fields_of_notification(message)):
        if place >= MAX_ENTRIES:
            raise UncuttableError(f"has more than {MAX_ENTRIES} updates")
        if one.number == _ATOMIC and one.wire_type == VARINT:
            if varint(message, one.value, one.end)[0]:
                raise UncuttableError("atomic: its parts would not mean the same")
        elif one.number in entries and one.wire_type == LENGTH_DELIMITED:
            entries[one.number].append((one.start, one.end))
        else:
            head.append((one.start, one.end))
    return b"".join(_slices(message, head)), entries


def _fields_of_notification(message: bytes) -> Iterator[Field]:
    told = False
    for place, one in enumerate(fields(message, 0, len(message))):
        if place >= MAX_ENTRIES:
            raise UncuttableError(f"has more than {MAX_ENTRIES} fields")
        if one.number == _SYNC_RESPONSE:
            raise UncuttableError("says that the dump is complete")
        if one.number == _UPDATE and one.wire_type == LENGTH_DELIMITED:
            told = True
            yield from fields(message, one.value, one.end)
    if not told:
        raise UncuttableError("has no notification")


def _slices(message: bytes, spans: Iterable[tuple[int, int]]) -> list[bytes]:
    return [message[start:end] for start, end in spans]
