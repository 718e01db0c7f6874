"""The collector's targets, from what it says at ``/targets``: a pure function of that document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

UP: Final = "UP"
_WORST_FIRST: Final = ("REFUSED", "STALE", "CONNECTING", "SYNCING", UP)


@dataclass(frozen=True)
class Target:
    """One device, all of its streams together."""

    name: str
    state: str
    """The worst state of its streams."""
    up: int
    streams: int
    records_per_s: float
    reason: str
    """Why the worst is not UP; empty where nobody says."""


@dataclass(frozen=True)
class Fleet:
    """All devices of a collector."""

    targets: tuple[Target, ...] = ()
    waiting: int = 0
    """Records that Kafka has not confirmed."""

    @property
    def up(self) -> int:
        """Streams that are in step."""
        return sum(target.up for target in self.targets)

    @property
    def streams(self) -> int:
        """Streams that there should be."""
        return sum(target.streams for target in self.targets)

    @property
    def in_step(self) -> bool:
        """Whether there are streams and all are in step."""
        return 0 < self.streams == self.up


def fleet_of(document: Mapping[str, Any]) -> Fleet:  # Any: JSON
    """Return the targets that a collector tells of, in the order of their names."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for one in document["targets"]:
        families.setdefault(one["target"], []).append(one)
    waiting = sum(one["waiting"] for one in document["kafka"])
    return Fleet(tuple(_target(name, families[name]) for name in sorted(families)), waiting)


def _target(name: str, families: Iterable[Mapping[str, Any]]) -> Target:
    streams = sorted(families, key=lambda one: _WORST_FIRST.index(one["state"]))
    worst = streams[0]
    return Target(
        name,
        worst["state"],
        sum(one["state"] == UP for one in streams),
        len(streams),
        sum(one["records_per_s"] for one in streams),
        worst["reason"] if worst["state"] != UP else "",
    )
