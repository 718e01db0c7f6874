"""What is known of each (target, family): its state, why, since when, and how much came.

Pure: times are arguments. The states are what metrics, ``/targets`` and ``fabricscope targets`` show.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

RATE_WINDOW_S: Final = 10.0
STEADY_S: Final = 60.0
"""How long a dump must have been complete before what ended counts as a new series of failures."""
MISSED_BEATS: Final = 3
"""Liveness samples that may fail to come before a target is called silent (rule X1: 15 s at 5 s each)."""


class State(StrEnum):
    """Where a family's RPC stands."""

    CONNECTING = "CONNECTING"
    """No RPC: being dialled, or waiting for the next attempt."""
    SYNCING = "SYNCING"
    """The RPC is open and the initial dump not complete."""
    UP = "UP"
    """Dump complete, changes follow."""
    STALE = "STALE"
    """The target fell silent without ending the RPC; it was cut and is being dialled again."""
    REFUSED = "REFUSED"
    """The target (or what it offers, or our credentials) says no; asked again every few minutes."""


@dataclass(slots=True)
class FamilyStatus:
    """One (target, family)."""

    target: str
    fabric: str
    family: str
    since_ns: int
    """When it entered its state; wall clock."""
    state: State = State.CONNECTING
    reason: str = ""
    """Why it is not UP, or what is wrong although it is."""
    sessions: int = 0
    """RPCs that got an answer, all told: the first, renewals, and those after a loss."""
    lost: int = 0
    """RPCs that ended although nobody here wanted them to."""
    records: int = 0
    bytes: int = 0
    uncut: int = 0
    """Records that were too large and could not be cut: each ended its session."""
    records_per_s: float = 0.0
    """Mean of the last RATE_WINDOW_S, older seconds weighing less."""
    _counted: int = field(default=0, repr=False)

    def dialling(self, now_ns: int) -> None:
        """An attempt begins; a refusal or silence stays visible until something better is known."""
        if self.state not in (State.STALE, State.REFUSED):
            self._enter(State.CONNECTING, self.reason, now_ns)

    def asked(self, now_ns: int) -> None:
        """The RPC is open, but nothing came yet."""
        if self.state is State.CONNECTING:
            self._enter(State.CONNECTING, "the target has not answered yet", now_ns)

    def answered(self, now_ns: int) -> None:
        """The first message of a new RPC came."""
        self.sessions += 1
        self._enter(State.SYNCING, "", now_ns)

    def synced(self, note: str, now_ns: int) -> None:
        """The dump is complete; ``note`` says what is not as it should be."""
        self._enter(State.UP, note, now_ns)

    def renewed(self, now_ns: int) -> None:
        """The RPC was ended to be opened anew: nothing is known of the target until its next dump."""
        if self.state in (State.SYNCING, State.UP):
            self._enter(State.CONNECTING, "renewed", now_ns)

    def steady(self, now_ns: int) -> bool:
        """Return whether the family has been UP for STEADY_S."""
        return self.state is State.UP and now_ns - self.since_ns >= STEADY_S * 1e9

    def ended(self, reason: str, now_ns: int) -> None:
        """The RPC ended, or the target could not be reached."""
        self._count_loss()
        self._enter(State.CONNECTING, reason, now_ns)

    def silent(self, reason: str, now_ns: int) -> None:
        """The target fell silent."""
        self._count_loss()
        if self.state is not State.REFUSED:
            self._enter(State.STALE, reason, now_ns)

    def refused(self, reason: str, now_ns: int) -> None:
        """The target said no, to an attempt or in the middle of a stream."""
        self._count_loss()
        self._enter(State.REFUSED, reason, now_ns)

    def received(self, size: int) -> None:
        """One record of ``size`` bytes was handed on."""
        self.records += 1
        self.bytes += size

    def second_passed(self) -> None:
        """Bring the rate up to date: called once a second."""
        fresh = self.records - self._counted
        self._counted = self.records
        self.records_per_s += (fresh - self.records_per_s) * (1 - math.exp(-1 / RATE_WINDOW_S))

    def _count_loss(self) -> None:
        if self.state in (State.SYNCING, State.UP):
            self.lost += 1

    def _enter(self, state: State, reason: str, now_ns: int) -> None:
        if state is not self.state:
            self.since_ns = now_ns
        self.state, self.reason = state, reason


@dataclass(slots=True)
class Heartbeat:
    """When a target was last heard: its liveness sample speaks for all of its quiet families.

    Times are monotonic seconds.
    """

    interval_s: float
    heard_s: float

    def heard(self, now_s: float) -> None:
        """A liveness sample came; or until now we did not read, and nobody is silent to those who don't."""
        self.heard_s = now_s

    def silence_s(self, now_s: float) -> float | None:
        """Return how long the target has been silent, once that is too long."""
        silence = now_s - self.heard_s
        return silence if silence >= MISSED_BEATS * self.interval_s else None
