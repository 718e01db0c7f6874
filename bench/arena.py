"""Targets, collectors and their topics for the time of a comparison, and what one step of it tells."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.contenders import CONTENDERS, Contender, Running
from bench.fleet import Fleet
from bench.topic import Topic
from bench.usage import Usage
from collectors.kafka_access import KafkaAccess
from collectors.topics import create_topic

LATE_S: Final = 0.5
"""A message that waits longer to be sent, or to be in the topic, tells that a collector can't follow."""
_LOOK_S: Final = 0.05
_QUIET_S: Final = 0.6


@dataclass(frozen=True)
class Step:
    """What one collector did while messages were said."""

    messages_per_s: float
    updates: int
    """Said."""
    lost: int
    """Said, and not in the topic; less than 0: there more than once."""
    unsaid: int
    """Messages that were due and could not be said in time: the collector did not read."""
    late_s: float
    """Longest that the collector kept a message waiting on its target."""
    behind_s: float
    """How long after the last message the topic held all of them."""
    lost_rpcs: int
    cpu_s: float
    wall_s: float
    """From the first message until the topic held all."""
    rss_mib: float

    @property
    def cores(self) -> float:
        """Return how many cores the process kept busy."""
        return self.cpu_s / self.wall_s

    @property
    def updates_per_s(self) -> float:
        """Return what was delivered."""
        return (self.updates - self.lost) / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Return the CPU microseconds for each update."""
        return self.cpu_s / self.updates * 1e6

    @property
    def followed(self) -> bool:
        """Return whether all that was said was read and delivered in time."""
        return self.lost <= 0 and not self.lost_rpcs and max(self.late_s, self.behind_s) < LATE_S


class Arena:
    """Targets with all collectors subscribed to them, from entering to leaving the context."""

    def __init__(self, targets: int, access: KafkaAccess, folder: Path) -> None:
        folder.mkdir()
        self.fleet = Fleet(targets, folder)
        self._access, self._folder = access, folder
        self._stack = ExitStack()
        self.running: dict[str, Running] = {}
        self._topics: dict[str, Topic] = {}

    def __enter__(self) -> Self:
        """Start targets and collectors; returns when all RPCs are open."""
        with ExitStack() as stack:
            stack.enter_context(self.fleet)
            for contender in CONTENDERS:
                name, run = contender.name, self._folder.name
                create_topic(self._access, contender.fabric(run))
                self._topics[name] = stack.enter_context(Topic(self._access, contender.fabric(run)))
                self.running[name] = stack.enter_context(
                    Running(contender, self.fleet, self._access.servers, run, self._folder / name)
                )
            self.fleet.wait_for({one.name: one.rpcs_per_target * self.fleet.count for one in CONTENDERS})
            time.sleep(1.0)  # what begins with a session is over
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        """End them."""
        self._stack.__exit__(*failure)  # type: ignore[arg-type]  # the three of any context

    def step(
        self, messages: Path, updates: int, rate: float, seconds: float, users: list[str]
    ) -> dict[str, Step]:
        """Say messages of ``updates`` updates to some collectors; returns what each made of them."""
        contenders = [one for one in CONTENDERS if one.name in users]
        opened = {user: told.opened for user, told in self.fleet.subscribers().items()}
        begun = {one.name: self._topics[one.name].end() for one in contenders}
        before = {one.name: self.running[one.name].usage() for one in contenders}
        began = time.monotonic()
        told = self.fleet.run(messages, rate, seconds, users)
        ended = time.monotonic()
        settled = self._settled(contenders, ended)
        steps = {}
        for one in contenders:
            name, heard, (at, after) = one.name, told[one.name], settled[one.name]
            said = heard.sent * updates
            cpu_s = after.cpu_s - before[name].cpu_s
            steps[name] = Step(
                messages_per_s=rate,
                updates=said,
                lost=said - self._topics[name].count(begun[name], one.updates, said),
                unsaid=heard.due - heard.sent,
                late_s=heard.late_s,
                behind_s=at - ended,
                lost_rpcs=heard.opened - opened[name],
                cpu_s=cpu_s,
                wall_s=at - began,
                rss_mib=after.rss_mib,
            )
        return steps

    def idle(self, seconds: float) -> dict[str, Usage]:
        """Return the CPU seconds of each collector in a while without load, and its memory after it."""
        before = {name: running.usage() for name, running in self.running.items()}
        time.sleep(seconds)
        after = {name: running.usage() for name, running in self.running.items()}
        return {name: Usage(after[name].cpu_s - before[name].cpu_s, after[name].rss_mib) for name in after}

    def _settled(self, contenders: list[Contender], ended: float) -> dict[str, tuple[float, Usage]]:
        """Wait until topics grow by no more than liveness; return when each did, and the usage until then."""
        trickle = 5 + self.fleet.count  # all clocks at once, and ticks
        ends = {one.name: self._topics[one.name].end() for one in contenders}
        settled = {one.name: (ended, self.running[one.name].usage()) for one in contenders}
        while time.monotonic() - max(at for at, _ in settled.values()) < _QUIET_S:
            time.sleep(_LOOK_S)
            for name in settled:
                end = self._topics[name].end()
                if end - ends[name] > trickle:
                    settled[name] = time.monotonic(), self.running[name].usage()
                ends[name] = end
        return settled
