"""What one kind of subscriber asked for, and how it wants to hear it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from targets import messages
from targets.gnmi import paths, wire
from targets.gnmi.branches import Leaf
from targets.gnmi.paths import Element, Pattern
from targets.gnmi.wire import Encoding


@dataclass(frozen=True)
class View:
    """Subscribers with equal views get the same bytes. Paths are patterns as text."""

    asked: tuple[str, ...]
    encoding: Encoding
    target: str = ""
    """Said back in each prefix (specification 0.10, section 2.2.2.1)."""
    origin: str = ""
    skipped: tuple[str, ...] = ()
    """Leaves below these are left out: their changes are not told."""
    wide: frozenset[str] = frozenset()
    """Names of leaves with types of 64 bits, which JSON_IETF writes as text."""

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """The paths asked for."""
        return tuple(paths.pattern(paths.asked(text)) for text in self.asked)

    @cached_property
    def skips(self) -> tuple[Pattern, ...]:
        """The paths left out."""
        return tuple(paths.pattern(paths.asked(text)) for text in self.skipped)

    def takes(self, path: Sequence[Element]) -> bool:
        """Tell whether a path that was asked for is not left out."""
        return not any(paths.covers(skip, path) for skip in self.skips)

    def response(
        self,
        time_ns: int,
        prefix: str,
        updates: Iterable[Leaf],
        deletes: Iterable[str] = (),
        *,
        atomic: bool = False,
        said: dict[str, bytes] | None = None,
    ) -> bytes:
        """Return a ``SubscribeResponse`` with one notification; all paths lie below ``prefix``.

        ``said`` keeps encoded updates by path, for views with the same encoding.
        """
        size = len(prefix)
        parts = []
        last, branch = None, b""
        for leaf in updates:
            part = None if said is None else said.get(leaf.path)
            if part is None:
                above, name = paths.parent(leaf.path)
                if above != last:  # leaves of a branch follow each other
                    last, branch = above, wire.path(paths.split(above[size:]))
                assert not callable(leaf.value)
                value = wire.value(leaf.value, self.encoding, wide=name in self.wide)
                part = wire.update(branch + wire.element(name), value)
                if said is not None:
                    said[leaf.path] = part
            parts.append(part)
        gone = b"".join([wire.delete(paths.split(path[size:])) for path in deletes])
        before = wire.prefix(prefix, self.target, self.origin)
        return wire.response(wire.notification(time_ns, before, b"".join(parts), gone, atomic=atomic))

    def dump(
        self, leaves: Sequence[Leaf], first: tuple[str, ...] = (), context: tuple[str, str] | None = None
    ) -> Iterator[bytes]:
        """Yield leaves as they were set, those at or below ``first`` first, each with its own time.

        ``context`` names a list and a leaf of the entry that holds it, which is said again with each time of
        what stands in the list.
        """
        tables = tuple(f"{table}/" for table in first)
        ahead = [leaf for leaf in leaves if leaf.path.startswith(tables)] if tables else []
        others = [leaf for leaf in leaves if not (tables and leaf.path.startswith(tables))]
        holders = {leaf.path: leaf for leaf in others if context and leaf.path.endswith(context[1])}
        for part in (ahead, others):
            for time_ns, same_time in groupby(sorted(part, key=_time_of), key=_time_of):
                by_path = {leaf.path: leaf for leaf in same_time}
                if holders:
                    around = {_holder(path, context) for path in by_path}
                    by_path |= {path: holders[path] for path in around & holders.keys()}
                    by_path = dict(sorted(by_path.items()))
                for portion in messages.cut(by_path, context):
                    yield self.response(time_ns, shared(portion), map(by_path.__getitem__, portion))


def shared(some: Sequence[str]) -> str:
    """Return the longest path that all paths lie below."""
    first, last = paths.split(min(some)), paths.split(max(some))
    shared = []
    for mine, yours in zip(first[:-1], last[:-1], strict=False):
        if mine != yours:
            break
        shared.append(mine)
    return "".join(f"/{text}" for text in shared)


def _holder(path: str, context: tuple[str, str] | None) -> str:
    """Return the leaf that goes with a path: of the entry whose list the path stands in."""
    inner, leaf = context or ("", "")
    return path.partition(inner)[0] + leaf if inner and inner in path else ""


def _time_of(leaf: Leaf) -> int:
    return leaf.time_ns
