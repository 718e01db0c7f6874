"""Which N and M of M2 a VNI's history asks for: migrations don't page, and nothing else is missed.

Only what is known to be no duplicate counts as that: people marked it as a false alarm, it was in a
maintenance window, or rule M5 told of migrations of the same MAC and the moves never went back and forth.
What is not clear is treated as what has to be told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Kind = Literal["marked as false", "planned", "migrations", "loop", "duplicate", "unclear"]
UNWANTED: Final = ("marked as false", "planned", "migrations")
MOST_MOVES: Final = 1000


@dataclass(frozen=True)
class Spell:
    """One time in which a MAC moved so much that M2 told of it."""

    vni: int
    mac: str
    incident_id: str
    fired_at: datetime
    kind: Kind
    counts: Mapping[float, int]
    """By window in seconds: the most moves that the rule counted within it."""
    flaps: int
    """The most moves within the window of M3."""

    @property
    def unwanted(self) -> bool:
        """Return whether nobody has to be told of it."""
        return self.kind in UNWANTED


@dataclass(frozen=True)
class Limits:
    """The thresholds of one VNI."""

    moves: float
    window_s: float
    flap_moves: float


@dataclass(frozen=True)
class Proposal:
    """What a VNI's history asks for."""

    vni: int
    now: Limits
    then: Limits | None
    """Null: as it is now."""
    why: str


def proposed(vni: int, spells: Sequence[Spell], now: Limits) -> Proposal:
    """Return the thresholds that tell all of the spells but the unwanted ones: the least change that does."""
    quiet = [one for one in spells if one.unwanted]
    told = [one for one in spells if not one.unwanted]
    if not quiet:
        return Proposal(vni, now, None, "nothing that was told is known to be no duplicate")
    windows = sorted({window for one in spells for window in one.counts})
    fits = [
        (window, needed)
        for window in windows
        if (needed := _above(quiet, window)) <= min(_least(told, window), MOST_MOVES)
    ]
    if not fits:
        nearest = now.window_s
        missed = [one for one in told if one.counts.get(nearest, 0) < _above(quiet, nearest)]
        return Proposal(
            vni,
            now,
            None,
            f"N and M can't tell them apart: {_above(quiet, nearest)} moves within {nearest:g} s would miss"
            f" {len(missed)} of {len(told)} that have to be told ({_names(missed)})",
        )
    held = [one for one in fits if one[0] == now.window_s]
    window, needed = held[0] if held else max(fits, key=lambda one: _room(told, one))
    flaps = max(one.flaps for one in quiet) + 1
    flap_moves = now.flap_moves
    if now.flap_moves < flaps <= min([MOST_MOVES, *(one.flaps for one in told)]):
        flap_moves = flaps
    most = max(quiet, key=lambda one: one.counts.get(window, 0))
    least = f"; the least that has to be told had {_least(told, window)}" if told else ""
    return Proposal(
        vni,
        now,
        Limits(needed, window, flap_moves),
        f"the busiest that nobody has to be told of moved {most.counts.get(window, 0)} times within"
        f" {window:g} s ({most.mac}, {most.kind}){least}",
    )


def vnis_of(spells: Iterable[Spell]) -> dict[int, list[Spell]]:
    """Return the spells of each VNI, in their order."""
    found: dict[int, list[Spell]] = {}
    for one in sorted(spells, key=lambda spell: (spell.vni, spell.fired_at, spell.mac)):
        found.setdefault(one.vni, []).append(one)
    return found


def _above(quiet: Sequence[Spell], window: float) -> int:
    """Return how many moves none of them has."""
    return max(one.counts.get(window, 0) for one in quiet) + 1


def _least(told: Sequence[Spell], window: float) -> int:
    return min((one.counts.get(window, 0) for one in told), default=MOST_MOVES)


def _room(told: Sequence[Spell], fit: tuple[float, int]) -> tuple[int, float]:
    window, needed = fit
    return _least(told, window) - needed, window


def _names(spells: Sequence[Spell]) -> str:
    shown = [one.mac for one in spells[:3]]
    return ", ".join(shown) + (f" and {len(spells) - 3} more" if len(spells) > 3 else "")
