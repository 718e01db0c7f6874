"""Values and branches as JSON, as RFC 7951 spells them, but for names of modules: these stay out."""

import base64
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from targets.gnmi.paths import Element
from targets.tree import Scalar, Value

_NARROW_MAX = 2**32 - 1


def leaf(content: Value, *, wide: bool) -> bytes:
    """Return a leaf's value: numbers of 64 bits are text (RFC 7951, section 6.1), octets are base64 (6.6)."""
    return orjson.dumps(_spelled(content, wide=wide))


def plain(content: Value) -> bytes:
    """Return a leaf's value with all numbers as numbers: encoding JSON of gNMI."""
    return orjson.dumps([_plain(item) for item in content] if isinstance(content, tuple) else _plain(content))


def branch(
    leaves: Iterable[tuple[list[Element], Value]], wide: Callable[[str], bool], *, ietf: bool
) -> bytes:
    """Return a container or list entry as one object, from leaves with their elements below it.

    A list is an array of objects that hold their keys, as text.
    """
    root: dict[str, Any] = {}
    entries: dict[tuple[int, str], dict[str, Any]] = {}
    for below, content in leaves:
        node = root
        for part in below[:-1]:
            if not part.keys:
                node = node.setdefault(part.name, {})
                continue
            entry = entries.get((id(node), part.text))
            if entry is None:
                entry = entries[id(node), part.text] = dict(part.keys)
                node.setdefault(part.name, []).append(entry)
            node = entry
        name = below[-1].name
        spelled = _spelled(content, wide=wide(name)) if ietf else orjson.Fragment(plain(content))
        node[name] = spelled
    return orjson.dumps(root)


def _spelled(content: Value, *, wide: bool) -> Any:
    if isinstance(content, tuple):
        return [_spelled(item, wide=wide) for item in content]
    if isinstance(content, int) and not isinstance(content, bool) and (wide or content > _NARROW_MAX):
        return str(content)
    return _plain(content)


def _plain(content: Scalar) -> str | int | bool:
    return base64.b64encode(content).decode() if isinstance(content, bytes) else content
