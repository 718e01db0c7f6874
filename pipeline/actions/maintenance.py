"""Which maintenance windows are open for whom, as of any time that is not settled yet.

Windows and labels count from the record on that tells them, never for the time before: what was said of an
incident stands. So what was open when is known once the stream is read up to there, and is not revised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from pipeline.actions import Action, action_of, plain

Labels = Mapping[str, str]
MOST: Final = 1000
"""Windows of a fabric that are open or to come; each is looked at for each incident."""


class Open(NamedTuple):
    """A window that is open."""

    window: str
    number: int
    """Counts the windows of one schedule."""
    offset: int
    """Of the record that declares it."""
    actor: str
    text: str


@dataclass(frozen=True)
class Window:
    """A declared window, from its record on until another record ends or replaces it."""

    action: Action
    offset: int
    since: int
    until: int | None = None

    @property
    def last(self) -> int:
        """Return when it closes for good."""
        assert self.action.schedule is not None
        return self.action.schedule.last if self.until is None else min(self.until, self.action.schedule.last)

    def open_at(self, time: int) -> Iterator[Open]:
        """Yield what of it is open at a time."""
        assert self.action.schedule is not None
        if self.since <= time and (self.until is None or time < self.until):
            for span in self.action.schedule.at(time):
                yield Open(
                    self.action.subject, span.number, self.offset, self.action.actor, self.action.text or ""
                )

    def change_after(self, time: int) -> int | None:
        """Return when it opens or closes next, after a time."""
        assert self.action.schedule is not None
        edges = [self.since, self.until, self.action.schedule.after(max(time, self.since))]
        known = [edge for edge in edges if edge is not None and edge > time]
        return min((edge for edge in known if self.until is None or edge <= self.until), default=None)

    def asks_for_labels(self, time: int) -> bool:
        """Return whether labels matter to it at a time."""
        return bool(self.action.scope and self.action.scope.label) and self.since <= time <= self.last


class Maintenance:
    """The windows of one fabric, and the labels of its devices."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._labels: dict[str, list[tuple[int, Labels]]] = {}
        """What each device is labelled, and since when, in the order of time."""

    def declare(self, action: Action, time: int, offset: int) -> str | None:
        """Open a window from a time on; return what is doubtful about it, if anything.

        One of the same id ends.
        """
        self.end(action.subject, time)
        if sum(one.until is None and one.last > time for one in self._windows) >= MOST:
            return f"not declared: {MOST} windows are open or to come, end some first"
        self._windows.append(Window(action, offset, time))
        assert action.scope is not None
        if missing := sorted(action.scope.device - self._labels.keys()):
            return f"not heard of yet: {', '.join(missing)}"
        devices = action.scope.device or self._labels.keys()
        if not any(action.scope.fits(self._at(device, time)) for device in devices) and action.scope.label:
            return f"no device is labelled {action.scope.label_words()}"
        return None

    def end(self, window: str, time: int) -> str | None:
        """End a window; return what is doubtful about that, if anything."""
        mine = [
            one.action.subject == window and one.until is None and one.last > time for one in self._windows
        ]
        self._windows = [
            replace(one, until=time) if ends else one for one, ends in zip(self._windows, mine, strict=True)
        ]
        return None if any(mine) else f"no window {window} is open or to come"

    def label(self, device: str, labels: Labels, time: int) -> bool:
        """Take the labels of a device from a time on; return whether they are new."""
        known = self._labels.setdefault(device, [])
        if known and dict(known[-1][1]) == dict(labels):
            return False
        known.append((time, dict(labels)))
        return True

    def open_for(self, subject: Mapping[str, Any], time: int) -> list[Open]:  # Any: subject columns
        """Return the windows that are open at a time and cover an incident's subject, in order."""
        if not self._windows:
            return []
        labels = self._at(subject.get("device"), time)
        return sorted(
            opened
            for window in self._windows
            if window.action.scope is not None and window.action.scope.covers(subject, labels)
            for opened in window.open_at(time)
        )

    def change_after(self, subject: Mapping[str, Any], time: int) -> int | None:  # Any: subject columns
        """Return when another answer of ``open_for`` is possible next, after a time."""
        if not self._windows:
            return None
        edges = [window.change_after(time) for window in self._windows]
        edges += [
            since
            for since, _ in self._labels.get(str(subject.get("device")), ())
            if since > time and any(window.asks_for_labels(since) for window in self._windows)
        ]
        return min((edge for edge in edges if edge is not None), default=None)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames, without what ended before the horizon."""
        self._windows = [window for window in self._windows if window.last >= horizon]
        for device, known in self._labels.items():
            settled = sum(since <= horizon for since, _ in known)
            self._labels[device] = known[max(settled - 1, 0) :]
        windows = [
            (orjson.dumps(plain(one.action)).decode(), one.offset, one.since, one.until)
            for one in self._windows
        ]
        labels = [
            (device, since, orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode())
            for device, known in sorted(self._labels.items())
            for since, labels in known
        ]
        return {
            "windows": pl.DataFrame(windows, schema=_WINDOW, orient="row"),
            "labels": pl.DataFrame(labels, schema=_LABEL, orient="row"),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._windows = [
            Window(action_of(orjson.loads(action)), offset, since, until)
            for action, offset, since, until in frames["windows"].rows()
        ]
        self._labels = {}
        for device, since, labels in frames["labels"].rows():
            self._labels.setdefault(device, []).append((since, orjson.loads(labels)))

    def _at(self, device: object, time: int) -> Labels:
        known = self._labels.get(str(device), ())
        return next((labels for since, labels in reversed(known) if since <= time), {})


_WINDOW: Final = {"action": pl.String, "offset": pl.Int64, "since": pl.Int64, "until": pl.Int64}
_LABEL: Final = {"device": pl.String, "since": pl.Int64, "labels": pl.String}
