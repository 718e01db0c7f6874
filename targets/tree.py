"""The state of one observer as a tree: gNMI path text to leaf value, and the difference of two trees.

A path is written as gNMI writes paths in text, ``/interfaces/interface[name=swp1]/state/oper-status``, with
closing brackets and backslashes in key values escaped by a backslash.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

Scalar = str | int | bool | bytes
Value = Scalar | tuple[Scalar, ...]
"""A leaf, or a leaf-list as a tuple. Integers are unsigned."""
Tree = Mapping[str, Value]

_KEY = re.compile(r"\[([^=\[\]]+)=((?:\\.|[^\]\\])*)\]")
_ELEMENT = re.compile(r"/([^/\[]+)((?:\[[^=\[\]]+=(?:\\.|[^\]\\])*\])*)")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Delta:
    """What turns one tree into another: the deletes first, then the updates."""

    updates: Tree
    deletes: tuple[str, ...] = ()
    """Paths of list entries or leaves, deeper ones before those they stand in."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to say."""
        return bool(self.updates or self.deletes)


def entry(name: str, /, **keys: str | int) -> str:
    """Return one list entry of a path, ``name[key=value]``; ``_`` in a key's name stands for ``-``."""
    quoted = (
        f"[{key.replace('_', '-')}={str(value).replace(chr(92), chr(92) * 2).replace(']', chr(92) + ']')}]"
        for key, value in keys.items()
    )
    return name + "".join(quoted)


def elements(path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and keys of each element of a path; raises ValueError for text that is no path."""
    at = 0
    while at < len(path):
        element = _ELEMENT.match(path, at)
        if element is None:
            raise ValueError(f"{path!r} is no path: what begins at character {at} can't be read")
        yield (
            element[1],
            {key: _ESCAPED.sub(r"\1", value) for key, value in _KEY.findall(element[2])},
        )
        at = element.end()


def entry_of(path: str) -> str:
    """Return the innermost list entry a leaf stands in; empty for a leaf outside of lists."""
    return path[: path.rfind("]") + 1]


@lru_cache(maxsize=1 << 16)
def _entries_of(inner: str) -> tuple[str, ...]:
    """Return the path of a list entry and of all entries it stands in."""
    return tuple(inner[: key.end()] for key in _KEY.finditer(inner))


def diff(old: Tree, new: Tree) -> Delta:
    """Return what turns ``old`` into ``new``.

    A list entry of which nothing is left is deleted as a whole, by its own path and no shorter one: a
    withdrawn route deletes exactly that route.
    """
    updates = {path: value for path, value in new.items() if old.get(path) != value}
    gone = [path for path in old if path not in new]
    if not gone:
        return Delta(updates)
    alive = {above for inner in {entry_of(path) for path in new} for above in _entries_of(inner)} | {""}
    deletes = {path if entry_of(path) in alive else entry_of(path) for path in gone}
    return Delta(updates, tuple(sorted(deletes, reverse=True)))


def patched(tree: Tree, delta: Delta) -> dict[str, Value]:
    """Return the tree that ``delta`` makes of ``tree``."""
    kept = {
        path: value
        for path, value in tree.items()
        if not any(path == gone or path.startswith((gone + "/", gone + "[")) for gone in delta.deletes)
    }
    return {**kept, **delta.updates}
