"""The agent: asks its host each second and says what it heard, in a thread beside the server's event loop."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from targets.frr.emissions import HUNG_NS
from targets.frr.poll import Said
from targets.openconfig.families import FAMILIES, LIVENESS_INTERVAL_NS
from targets.tree import Delta

INTERVAL_S: Final = 1.0
"""From the start of a poll to the start of the next."""
LONGEST_PAUSE_S: Final = 5.0
"""After a slow poll, however slow."""

_NS: Final = 1_000_000_000

log: Final = structlog.get_logger(__name__)


class Audience(Protocol):
    """Who is told; is called in the agent's thread."""

    def changed(self, family: str, delta: Delta, time_ns: int) -> None:
        """Take what changed in a family; the first time, even if that is nothing."""

    def known(self, families: tuple[str, ...]) -> None:
        """Take note that a poll is over: all of these families have been heard by now."""

    def alive(self, time_ns: int, lasting_s: float) -> None:
        """Take note of a poll that went well: a sign of life that holds for a while."""


class Pollable(Protocol):
    """What can be asked: ``poll.Host``."""

    @property
    def families(self) -> tuple[str, ...]:
        """The families heard of."""

    @property
    def leaves(self) -> int:
        """How many leaves there are."""

    def poll(self) -> Iterator[Said]:
        """Ask once; yield what each command brought."""


@dataclass
class Figures:
    """What came of the polls so far. Written by the agent's thread, read by others."""

    polls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("good", "partial", "failed"), 0))
    """All was answered; some was; nothing was."""
    hung: int = 0
    """Commands that were ended because they took too long."""
    slow: int = 0
    """Polls that took longer than the interval."""
    took_s: float = 0.0
    """The last one."""
    total_s: float = 0.0
    complaints: Mapping[str, str] = field(default_factory=dict)
    """Why not, by document: of the last poll."""
    families: tuple[str, ...] = ()
    leaves: int = 0
    alive_ns: int = 0
    """The last sign of life; 0: there was none."""


class Agent:
    """Asks one host as long as ``run`` runs. Polls never overlap.

    A slow poll is followed by a pause as long as itself, up to LONGEST_PAUSE_S: FRRouting's daemons spend at
    most half of their time on the agent.
    """

    def __init__(
        self,
        host: Pollable,
        audience: Audience,
        figures: Figures,
        clock_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.figures = figures
        self._host = host
        self._audience = audience
        self._clock_ns = clock_ns
        self._monotonic = monotonic
        self._is_slow = False

    def run(self, stop: threading.Event) -> None:
        """Poll until told to stop; ``Processes.interrupt`` ends a poll that runs."""
        while not stop.wait(self.poll()):
            pass

    def poll(self) -> float:
        """Poll once; return how long to pause, in seconds."""
        began = self._monotonic()
        answers, hung, complaints = 0, 0, dict[str, str]()
        for said in self._host.poll():
            now = self._clock_ns()
            for family in (name for name in FAMILIES if name in said.changes):
                self._audience.changed(family, said.changes[family], now)
            answers += said.answers
            hung += said.hung
            complaints.update(said.complaints)
        took = self._monotonic() - began
        self._audience.known(self._host.families)
        if answers and not hung and took * _NS <= HUNG_NS:
            self.figures.alive_ns = self._clock_ns()
            self._audience.alive(self.figures.alive_ns, life(took))
        self._note(answers, hung, complaints, took)
        return pause(took)

    def _note(self, answers: int, hung: int, complaints: Mapping[str, str], took: float) -> None:
        figures = self.figures
        result = "failed" if not answers else "partial" if complaints else "good"
        figures.polls[result] += 1
        figures.hung += hung
        figures.took_s, figures.total_s = took, figures.total_s + took
        figures.families, figures.leaves = self._host.families, self._host.leaves
        for name in complaints.keys() - figures.complaints.keys():
            log.warning("no answer", asked=name, said=complaints[name])
        for name in figures.complaints.keys() - complaints.keys():
            log.info("answers again", asked=name)
        figures.complaints = complaints
        slow = took > INTERVAL_S
        figures.slow += slow
        if slow != self._is_slow:
            self._is_slow = slow
            say = log.warning if slow else log.info
            say("polls are slow" if slow else "polls are in time again", took_s=round(took, 3))


def pause(took_s: float) -> float:
    """Return how long to wait after a poll, in seconds."""
    return (
        max(INTERVAL_S - took_s, min(took_s, LONGEST_PAUSE_S))
        if took_s > INTERVAL_S / 2
        else INTERVAL_S - took_s
    )


def life(took_s: float) -> float:
    """Return how long a poll that went well is a sign of life: until the next two could be over."""
    return min(max(LIVENESS_INTERVAL_NS / _NS, 2 * (pause(took_s) + took_s)), HUNG_NS / _NS)
