"""Differences of state trees as gNMI messages, PROTO-encoded: the only module that builds them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from pygnmi.spec.v080 import gnmi_pb2

from targets.openconfig.families import Family
from targets.tree import Delta, Scalar, Value, elements, entry_of

MAX_UPDATES: Final = 500
"""Updates, or deletes, in one notification; a list entry is not torn apart for it."""


def responses(family: Family, delta: Delta, time_ns: int) -> Iterator[bytes]:
    """Yield the ``SubscribeResponse``s that say a difference, one notification each.

    Rows that others point to come before those, and go after them.
    """
    joins = tuple(f"{table}/" for table in family.joined)
    new = [path for path in delta.updates if path.startswith(joins)] if joins else []
    old = [path for path in delta.deletes if path.startswith(joins)] if joins else []
    updates = [path for path in delta.updates if not (joins and path.startswith(joins))]
    deletes = [path for path in delta.deletes if not (joins and path.startswith(joins))]
    for updated, deleted in (*_split(new, []), *_split(updates, deletes), *_split([], old)):
        response = gnmi_pb2.SubscribeResponse()
        notification = response.update
        notification.timestamp = time_ns
        _fill(notification.prefix, family.prefix)
        for path in deleted:
            _fill(notification.delete.add(), _below(family.prefix, path))
        for path in updated:
            update = notification.update.add()
            _fill(update.path, _below(family.prefix, path))
            _set(update.val, delta.updates[path])
        yield response.SerializeToString(deterministic=True)


def sync_response() -> bytes:
    """Return the ``SubscribeResponse`` that ends an initial dump."""
    response = gnmi_pb2.SubscribeResponse(sync_response=True)
    message: bytes = response.SerializeToString(deterministic=True)
    return message


def _split(updates: Sequence[str], deletes: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield portions of updates and deletes; all deletes come first."""
    gone = list(deletes)
    while len(gone) > MAX_UPDATES:
        yield [], gone[:MAX_UPDATES]
        gone = gone[MAX_UPDATES:]
    portion: list[str] = []
    for _, leaves in groupby(sorted(updates), key=entry_of):
        entry = list(leaves)
        if portion and len(portion) + len(entry) > MAX_UPDATES:
            yield portion, gone
            portion, gone = [], []
        portion += entry
    if portion or gone:
        yield portion, gone


def _below(prefix: str, path: str) -> str:
    if not path.startswith(prefix + "/"):
        raise ValueError(f"{path} is not below {prefix}")
    return path[len(prefix) :]


def _fill(path: Any, text: str) -> None:
    for name, keys in elements(text):
        path.elem.add(name=name, key=keys)


def _set(value: Any, content: Value) -> None:
    if isinstance(content, tuple):
        value.leaflist_val.SetInParent()
        for item in content:
            _set_scalar(value.leaflist_val.element.add(), item)
    else:
        _set_scalar(value, content)


def _set_scalar(value: Any, content: Scalar) -> None:
    match content:
        case bool():  # before int, of which it is one
            value.bool_val = content
        case int():
            value.uint_val = content
        case bytes():
            value.bytes_val = content
        case str():
            value.string_val = content
