"""gNMI messages for the benchmarks: whole ones, and templates whose fixed-width holes are filled by columns.

A protobuf object per record would take longer than what is measured. So a message of each form is built
once, its holes found by markers, and thousands of them are made by writing columns of bytes over the holes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pygnmi.spec.v080 import gnmi_pb2

Bytes = npt.NDArray[np.uint8]
"""Text or encoded numbers, one row of bytes per value."""

_UINT_VAL: Final = 0x18
_TIMESTAMP: Final = 0x08
TIME_BYTES: Final = 9
"""Length of a timestamp in ns as a varint, from 1972 until 2262."""


@dataclass(frozen=True, order=True)
class Hole:
    """A place in a template that differs from record to record; ``slot`` counts the entities of a record."""

    name: str
    slot: int = 0


HOLE_BYTES: Final[Mapping[str, int]] = {
    "time": TIME_BYTES,
    "target": 7,
    "rd": 14,
    "instance": 8,
    "peer": 9,
    "label": 4,
    "mac": 17,
    "ip": 14,
    "vni": 2,
    "attr": 2,
    "ext": 3,
    "seq": 1,
}
"""Width of each hole: its values are chosen such that all take the same number of bytes."""
_MARKER_TIME: Final = (1 << 62) + 1
_NUMBERS: Final[Mapping[str, int]] = {"vni": 15_900, "attr": 16_000, "ext": 2_000_000, "seq": 100}
_TEXTS: Final[Mapping[str, str]] = {
    "target": "target{}",
    "rd": "99.9.9.99:999{}",
    "instance": "instanc{}",
    "peer": "88.8.8.8{}",
    "label": "777{}",
    "mac": "ff:ff:ff:ff:ff:f{}",
    "ip": "10.255.255.25{}",
}

Text = str | Hole
Element = tuple[str, Mapping[str, tuple[Text, str]]]
"""Name and keys of a path element; a key's value is text or a hole, and text behind it."""
Value = Hole | str | int | bool | tuple[bytes, ...]


def element(name: str, /, **keys: Text | tuple[Text, str]) -> Element:
    """Return a path element; underscores in names of keys stand for hyphens."""
    whole = {
        key.replace("_", "-"): value if isinstance(value, tuple) else (value, "")
        for key, value in keys.items()
    }
    return name, whole


def response(
    prefix: Sequence[Element],
    target: Text,
    time_ns: int,
    updates: Iterable[tuple[Sequence[Element], Value]] = (),
    deletes: Iterable[Sequence[Element]] = (),
) -> bytes:
    """Return the ``SubscribeResponse`` of one notification, PROTO encoding; holes have their markers."""
    message = gnmi_pb2.SubscribeResponse()
    notification = message.update
    notification.timestamp = time_ns
    notification.prefix.target = _text(target)
    _fill(notification.prefix, prefix)
    for path in deletes:
        _fill(notification.delete.add(), path)
    for path, value in updates:
        update = notification.update.add()
        _fill(update.path, path)
        _set(update.val, value)
    whole: bytes = message.SerializeToString(deterministic=True)
    return whole


def sync_response() -> bytes:
    """Return the ``SubscribeResponse`` that ends an initial dump."""
    whole: bytes = gnmi_pb2.SubscribeResponse(sync_response=True).SerializeToString(deterministic=True)
    return whole


def count_updates(message: bytes) -> int:
    """Return the number of updates and deletes in a ``SubscribeResponse``."""
    notification = gnmi_pb2.SubscribeResponse.FromString(message).update
    return len(notification.update) + len(notification.delete)


@dataclass(frozen=True)
class Template:
    """The bytes of a notification, and each hole with its offset, as often as it stands there."""

    body: Bytes
    holes: tuple[tuple[Hole, int], ...]
    updates: int
    """Updates and deletes in the notification."""

    def fill(self, columns: Mapping[str, Bytes]) -> Bytes:
        """Return one message per row; ``columns``: by name, shaped (records, slots, width of the hole)."""
        messages = np.tile(self.body, (len(columns["time"]), 1))
        for hole, at in self.holes:
            messages[:, at : at + HOLE_BYTES[hole.name]] = columns[hole.name][:, hole.slot]
        return messages


def template(
    prefix: Sequence[Element],
    updates: Sequence[tuple[Sequence[Element], Value]] = (),
    deletes: Sequence[Sequence[Element]] = (),
) -> Template:
    """Return a notification as a template, its target and timestamp holes, too."""
    raw = response(prefix, Hole("target"), _MARKER_TIME, updates, deletes)
    paths = [prefix, *(path for path, _ in updates), *deletes]
    in_paths = {
        text for path in paths for _, keys in path for text, _ in keys.values() if isinstance(text, Hole)
    }
    in_values = {value for _, value in updates if isinstance(value, Hole)}
    holes = []
    for hole in sorted({Hole("target"), Hole("time")} | in_paths | in_values):
        marker, width = _marker(hole), HOLE_BYTES[hole.name]
        at = raw.find(marker)
        if at < 0:
            raise ValueError(f"{hole} is not in its template")
        while at >= 0:
            holes.append((hole, at + len(marker) - width))
            at = raw.find(marker, at + 1)
    return Template(np.frombuffer(raw, dtype=np.uint8), tuple(holes), len(updates) + len(deletes))


def varints(values: npt.NDArray[np.int64], width: int) -> Bytes:
    """Return numbers as varints of ``width`` bytes, one byte more dimension; raises ValueError for others."""
    low = 0 if width == 1 else 1 << 7 * (width - 1)
    if len(values) and not (low <= int(values.min()) and int(values.max()) < 1 << 7 * width):
        raise ValueError(f"{values.min()} to {values.max()} don't all take {width} bytes as varints")
    shifts = np.arange(0, 7 * width, 7)
    groups = (values[..., None] >> shifts) & 0x7F
    groups[..., :-1] |= 0x80
    return groups.astype(np.uint8)


def texts(values: Sequence[str]) -> Bytes:
    """Return texts of one length as rows of bytes."""
    if len({len(value.encode()) for value in values}) > 1:
        raise ValueError("texts of several lengths don't fit one hole")
    return np.frombuffer("".join(values).encode(), dtype=np.uint8).reshape(len(values), -1)


def _marker(hole: Hole) -> bytes:
    """Return bytes that stand nowhere but in the hole; its value is at their end."""
    if hole.name == "time":
        return bytes([_TIMESTAMP]) + varints(np.array([_MARKER_TIME]), TIME_BYTES).tobytes()
    if hole.name in _NUMBERS:
        number = varints(np.array([_NUMBERS[hole.name] + hole.slot]), HOLE_BYTES[hole.name])
        return bytes([_UINT_VAL]) + number.tobytes()
    return _TEXTS[hole.name].format(hole.slot).encode()


def _text(text: Text) -> str:
    return _TEXTS[text.name].format(text.slot) if isinstance(text, Hole) else text


def _fill(path: Any, elements: Iterable[Element]) -> None:
    for name, keys in elements:
        path.elem.add(name=name, key={key: _text(text) + rest for key, (text, rest) in keys.items()})


def _set(typed: Any, value: Value) -> None:
    match value:
        case Hole(name=name, slot=slot) if name in _NUMBERS:
            typed.uint_val = _NUMBERS[name] + slot
        case Hole():
            typed.string_val = _text(value)
        case bool():  # before int, of which it is one
            typed.bool_val = value
        case int():
            typed.uint_val = value
        case str():
            typed.string_val = value
        case _:
            for member in value:
                typed.leaflist_val.element.add().bytes_val = member
