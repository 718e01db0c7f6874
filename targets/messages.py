"""Differences of state trees as gNMI messages, PROTO-encoded, each of a size that everybody can take."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from targets.gnmi import paths, wire
from targets.openconfig.families import Family
from targets.tree import Delta, entry_of

_KEYS_END: Final = re.compile(r"\](?=/)")
"""Where a list entry of a path ends; brackets within keys are escaped, and may end one early: harmless."""
MAX_UPDATES: Final = 500
"""Updates, or deletes, in one notification; a list entry is not torn apart for it."""


def portions(delta: Delta, family: Family) -> Iterator[Delta]:
    """Yield a difference in portions of one notification each, to be said in this order.

    Rows that others point to come before those, and go after them; one that goes and comes again goes first.
    """
    tables = tuple(f"{table}/" for table in family.joined)
    new = [path for path in delta.updates if path.startswith(tables)] if tables else []
    old = tuple(path for path in delta.deletes if path.startswith(tables)) if tables else ()
    updates = [path for path in delta.updates if not (tables and path.startswith(tables))]
    deletes = tuple(path for path in delta.deletes if not (tables and path.startswith(tables)))
    renewed = {*new, *(path[: found.end()] for path in new for found in _KEYS_END.finditer(path))}
    again = tuple(path for path in old if path in renewed)
    old = tuple(path for path in old if path not in renewed)
    for updated, deleted in (
        *_split(new, again, family.context),
        *_split(updates, deletes, family.context),
        *_split([], old, family.context),
    ):
        yield Delta({path: delta.updates[path] for path in updated}, deleted)


def cut(ordered: Iterable[str], context: tuple[str, str] | None) -> Iterator[list[str]]:
    """Yield paths of leaves in portions of one notification each, leaves of an entry together.

    ``context`` names a list whose entries are not torn from the entry that holds them.
    """
    inner = context[0] if context else "\0"
    portion: list[str] = []
    for _, leaves in groupby(ordered, key=lambda path: entry_of(path.partition(inner)[0])):
        entry = list(leaves)
        if portion and len(portion) + len(entry) > MAX_UPDATES:
            yield portion
            portion = []
        portion += entry
    if portion:
        yield portion


def responses(family: Family, delta: Delta, time_ns: int) -> Iterator[bytes]:
    """Yield the ``SubscribeResponse``s that say a difference, one notification each."""
    for portion in portions(delta, family):
        updates = b"".join(
            wire.update(wire.path(_below(family.prefix, path)), wire.value(value, wire.Encoding.PROTO))
            for path, value in portion.updates.items()
        )
        deletes = b"".join(wire.delete(_below(family.prefix, path)) for path in portion.deletes)
        yield wire.response(wire.notification(time_ns, wire.prefix(family.prefix), updates, deletes))


def sync_response() -> bytes:
    """Return the ``SubscribeResponse`` that ends an initial dump."""
    return wire.SYNC


def _split(
    updates: Iterable[str], deletes: tuple[str, ...], context: tuple[str, str] | None
) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Yield portions of updates and deletes; all deletes come first."""
    gone = deletes
    while len(gone) > MAX_UPDATES:
        yield [], gone[:MAX_UPDATES]
        gone = gone[MAX_UPDATES:]
    for portion in cut(sorted(updates), context):
        yield portion, gone
        gone = ()
    if gone:
        yield [], gone


def _below(prefix: str, path: str) -> list[str]:
    if not path.startswith(prefix + "/"):
        raise ValueError(f"{path} is not below {prefix}")
    return paths.split(path[len(prefix) :])
