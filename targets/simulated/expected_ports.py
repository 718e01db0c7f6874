"""What a good tool must find on the ports of a simulated fabric (L1, L2, L4, L5, L6).

Of a device whose agent hangs nothing is known until it talks again, and what happened meanwhile counts then;
what happened to one that was off never counts. A state that lasts is found when somebody is there to tell.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from targets.simulated.agenda import SECOND
from targets.simulated.courses import Course, Field
from targets.simulated.news import PortNote, Telemetry

Key = tuple[str, str, str, str]
"""Family, device, port, peer."""
_WINDOW_NS: Final = 120 * SECOND
_FLAPS: Final = 3
_COUNTED: Final = {"link": None, "bfd": False}
"""Families that count what happens, and what counts: all, or turns to the bad only."""


class Ports:
    """All ports of a fabric; ``course`` makes the course of a family and subject."""

    def __init__(self, course: Callable[[str, Key, dict[str, Field]], Course]) -> None:
        self._course = course
        self._agents: dict[str, Telemetry] = defaultdict(lambda: "talking")
        self._good: dict[Key, bool] = {}
        self._times: dict[Key, list[int]] = defaultdict(list)
        self._missed: dict[Key, int] = defaultdict(int)

    def take(self, note: PortNote) -> None:
        """Take what turned to the good or the bad on a port."""
        key = (note.what, note.device, note.port, note.peer)
        agent = self._agents[note.device]
        if note.what in _COUNTED:
            if _COUNTED[note.what] in (None, note.good):
                if agent == "talking":
                    self._count(key, note.time_ns, 1)
                else:
                    self._missed[key] += 1
            return
        self._good[key] = note.good
        if agent == "talking":
            self._of(key).set(not note.good, note.time_ns)

    def talks(self, device: str, telemetry: Telemetry, time_ns: int) -> None:
        """Take what a device's agent does from now on."""
        before, self._agents[device] = self._agents[device], telemetry
        flapped = [key for key in self._times if key[1] == device]
        if telemetry != "talking":
            for key in flapped:
                self._of(key).hold()
            return
        for key in [key for key in self._missed if key[1] == device]:
            missed = self._missed.pop(key)
            if before == "silent":
                self._count(key, time_ns, missed)
        for key in flapped:
            self._of(key).clear_at(time_ns + _WINDOW_NS)
        for key, good in self._good.items():
            if key[1] == device:
                self._of(key).set(not good, time_ns)

    def _count(self, key: Key, time_ns: int, events: int) -> None:
        recent = [it for it in self._times[key] if it > time_ns - _WINDOW_NS]
        self._times[key] = [*recent, *[time_ns] * events]
        if len(self._times[key]) >= _FLAPS:
            course = self._of(key)
            course.set(1, time_ns)
            course.clear_at(time_ns + _WINDOW_NS)

    def _of(self, key: Key) -> Course:
        family, device, port, peer = key
        subject: dict[str, Field] = {"device": device, "interface": port}
        if peer:
            subject["peer"] = peer
        return self._course(family, key, subject)
