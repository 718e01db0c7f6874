"""gNMI messages as wire bytes, made from parts that many messages share.

What the generated classes would make (a test compares them) at a fraction of the cost: an element is encoded
once, a change once for all who hear of it. Keys come in alphabetical order. Field numbers are those of
gnmi.proto 0.8.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final

from targets.gnmi import json_ietf, paths
from targets.tree import Scalar, Value

SYNC: Final = b"\x18\x01"
"""The ``SubscribeResponse`` that ends a dump."""


class Encoding(IntEnum):
    """Encodings of values that targets here speak; numbers as in gnmi.proto."""

    JSON = 0
    PROTO = 2
    JSON_IETF = 4


def varint(value: int) -> bytes:
    """Return an unsigned number as a protobuf varint; raises ValueError beyond 64 bits."""
    if 0 <= value < _KNOWN:
        return _VARINTS[value]
    if not 0 <= value < 1 << 64:
        raise ValueError(f"{value} is no unsigned number of 64 bits")
    return _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_KNOWN: Final = 1 << 11
"""Sizes of paths and updates lie below."""
_VARINTS: Final = tuple(map(_varint, range(_KNOWN)))
_TAGS: Final = tuple(bytes((tag,)) for tag in range(0x80))


def field(tag: int, content: bytes) -> bytes:
    """Return a length-delimited field; ``tag`` is number and wire type, one octet."""
    size = len(content)
    return _TAGS[tag] + (_VARINTS[size] if size < _KNOWN else _varint(size)) + content


@lru_cache(maxsize=1 << 16)
def element(text: str) -> bytes:
    """Return ``Path.elem`` for one element."""
    part = paths.element(text)
    keys = (
        field(0x12, field(0x0A, key.encode()) + field(0x12, value.encode()))
        for key, value in part.keys.items()
    )
    return field(0x1A, field(0x0A, part.name.encode()) + b"".join(keys))


def path(texts: Iterable[str]) -> bytes:
    """Return a ``Path`` without origin and target."""
    return b"".join(map(element, texts))


@lru_cache(maxsize=1 << 12)
def _branch(text: str) -> bytes:
    return path(paths.split(text))


def prefix(text: str, target: str = "", origin: str = "") -> bytes:
    """Return ``Notification.prefix``; empty if there is nothing to say.

    Only the path is remembered: it is one of the tree's, target and origin are a client's.
    """
    content = _branch(text)
    if origin:
        content = field(0x12, origin.encode()) + content
    if target:
        content += field(0x22, target.encode())
    return field(0x12, content) if content else b""


def value(content: Value, encoding: Encoding, *, wide: bool = False) -> bytes:
    """Return a ``TypedValue``; ``wide``: the leaf's type has 64 bits, which JSON_IETF has to know."""
    if encoding is Encoding.JSON_IETF:
        return field(0x5A, json_ietf.leaf(content, wide=wide))
    if encoding is Encoding.JSON:
        return field(0x52, json_ietf.plain(content))
    if isinstance(content, tuple):
        return field(0x42, b"".join(field(0x0A, _scalar(item)) for item in content))
    return _scalar(content)


def _scalar(content: Scalar) -> bytes:
    match content:
        case str():
            return field(0x0A, content.encode())
        case bool():  # before int, of which it is one
            return b"\x20\x01" if content else b"\x20\x00"
        case int():
            return b"\x18" + varint(content)
        case bytes():
            return field(0x2A, content)


def update(path_content: bytes, typed_value: bytes) -> bytes:
    """Return ``Notification.update`` of one leaf; the first part is made by ``path``."""
    return field(0x22, field(0x0A, path_content) + field(0x1A, typed_value))


def delete(texts: Sequence[str]) -> bytes:
    """Return ``Notification.delete`` of one path."""
    return field(0x2A, path(texts))


def notification(
    time_ns: int, prefix_field: bytes, updates: bytes, deletes: bytes = b"", *, atomic: bool = False
) -> bytes:
    """Return a ``Notification`` of fields made by ``prefix``, ``update`` and ``delete``."""
    stamp = b"\x08" + varint(time_ns) if time_ns else b""
    return b"".join((stamp, prefix_field, updates, deletes, b"\x30\x01" if atomic else b""))


def response(content: bytes) -> bytes:
    """Return the ``SubscribeResponse`` of a notification."""
    return field(0x0A, content)
