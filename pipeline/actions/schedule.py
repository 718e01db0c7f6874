"""When a maintenance window is open: once, or again and again by a rule of RFC 5545.

Once: ``from`` and ``to``, at most 366 days apart. Again and again::

    rrule       a recurrence rule (RFC 5545, section 3.3.10), as FREQ=WEEKLY;BYDAY=TU: FREQ is DAILY, WEEKLY,
                MONTHLY or YEARLY; BYMINUTE and BYSECOND are not taken, UNTIL is in UTC (20271231T235959Z)
    start       local time at which the first window opens, without an offset: 2026-11-24T02:00:00
    duration_s  seconds that each stays open, up to seven days
    zone        IANA time zone of ``start``: Europe/Berlin. Two o'clock stays two o'clock when clocks change;
                a time that a change skips is taken as an hour later (section 3.3.5)

A rule counts for ten years from its start, and for at most 10 000 windows. They are worked out once, when the
record is read: whether a window is open then costs no more than a look into a sorted list.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from pipeline.actions.wrong import ActionError, quoted, text_of

LONGEST_ONCE: Final = timedelta(days=366)
LONGEST_AGAIN: Final = timedelta(days=7)
YEARS: Final = 10
MOST_WINDOWS: Final = 10_000
_AHEAD: Final = 19 * timedelta(days=146_097)
"""19 times the 400 years after which the Gregorian calendar repeats, dates and days of the week."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RULE: Final = re.compile(r"[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*")
_PARTS: Final = frozenset(
    ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO",
     "BYSETPOS", "BYHOUR")
)  # fmt: skip
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_UNTIL: Final = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class Span:
    """One window, half open; microseconds since the epoch."""

    begin: int
    end: int
    number: int
    """Counts the windows of a schedule from 0."""


@dataclass(frozen=True)
class Once:
    """A window that opens once."""

    begin: int
    end: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Once":  # Any: JSON
        """Return the schedule of an action; raises ActionError."""
        if given.get("from") is None or given.get("to") is None:
            raise ActionError("a window needs from and to, both")
        begin, end = instant(given, "from"), instant(given, "to")
        if end <= begin:
            raise ActionError(f"a window can't end at {given['to']}, before it begins at {given['from']}")
        if (end - begin) * _MICROSECOND > LONGEST_ONCE:
            raise ActionError(f"a window lasts {LONGEST_ONCE.days} days at most")
        return cls(begin, end)

    def plain(self) -> dict[str, Any]:  # Any: JSON
        """Return the members of an action."""
        return {"from": self.text(self.begin), "to": self.text(self.end)}

    def words(self) -> str:
        """Return when it is open, for people."""
        return f"{_short(self.begin)} to {_short(self.end)}"

    @staticmethod
    def text(us: int) -> str:
        """Return a time as ISO 8601."""
        return (_EPOCH + us * _MICROSECOND).isoformat().replace("+00:00", "Z")

    def at(self, time: int) -> Sequence[Span]:
        """Return the windows that are open at a time."""
        return (Span(self.begin, self.end, 0),) if self.begin <= time < self.end else ()

    def after(self, time: int) -> int | None:
        """Return when a window opens or closes next, after a time."""
        return next((edge for edge in (self.begin, self.end) if edge > time), None)

    @property
    def last(self) -> int:
        """Return when the last window closes."""
        return self.end


@dataclass(frozen=True)
class Recurring:
    """Windows that open by a rule."""

    rrule: str
    start: str
    duration_s: int
    zone: str
    begins: Sequence[int] = field(repr=False, compare=False)
    """When each window opens, sorted."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Recurring":  # Any: JSON
        """Return the schedule of an action; raises ActionError."""
        if missing := [name for name in ("rrule", "start", "duration_s", "zone") if given.get(name) is None]:
            raise ActionError(f"a window with a rule lacks {', '.join(missing)}")
        rule, zone = text_of(given, "rrule", 500), text_of(given, "zone", 64)
        duration, start = given["duration_s"], text_of(given, "start", 32)
        longest = LONGEST_AGAIN // timedelta(seconds=1)
        if type(duration) is not int or not 0 < duration <= longest:
            raise ActionError(f"duration_s is a number from 1 to {longest}, not {quoted(duration)}")
        begins = _begins(rule, start, zone)
        if isinstance(begins, str):
            raise ActionError(begins)
        return cls(rule, start, duration, zone, begins)

    def plain(self) -> dict[str, Any]:  # Any: JSON
        """Return the members of an action."""
        return {"rrule": self.rrule, "start": self.start, "duration_s": self.duration_s, "zone": self.zone}

    def words(self) -> str:
        """Return when it is open, for people."""
        hours, minutes = divmod(self.duration_s // 60, 60)
        length = f"{hours} h {minutes} min" if minutes else f"{hours} h"
        return f"{self.rrule} from {self.start} {self.zone}, {length} each"

    def at(self, time: int) -> Sequence[Span]:
        """Return the windows that are open at a time."""
        length = self._length
        first, behind = bisect_right(self.begins, time - length), bisect_right(self.begins, time)
        return [Span(self.begins[n], self.begins[n] + length, n) for n in range(first, behind)]

    def after(self, time: int) -> int | None:
        """Return when a window opens or closes next, after a time."""
        opens, closes = bisect_right(self.begins, time), bisect_right(self.begins, time - self._length)
        edges = [self.begins[n] + length for n, length in ((opens, 0), (closes, self._length)) if n < self._n]
        return min(edges, default=None)

    @property
    def last(self) -> int:
        """Return when the last window closes."""
        return self.begins[-1] + self._length

    @property
    def _length(self) -> int:
        return self.duration_s * 1_000_000

    @property
    def _n(self) -> int:
        return len(self.begins)


Schedule = Once | Recurring


def instant(given: Mapping[str, Any], name: str) -> int:  # Any: JSON
    """Return a time of a JSON object in microseconds since the epoch; raises ActionError."""
    text = text_of(given, name, 40)
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ActionError(f"{name} {quoted(text)} has no offset: end it with Z for UTC, or with +01:00")
        us = (time - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        if isinstance(error, ActionError):
            raise
        raise ActionError(f"{name} {quoted(text)} is no time of ISO 8601: {error}") from error
    if not 2000 <= time.year < 2200:
        raise ActionError(f"{name} {quoted(text)} is in no year from 2000 to 2199")
    return us


@lru_cache(maxsize=256)
def _begins(rule: str, start: str, zone: str) -> Sequence[int] | str:
    """Return when the windows of a rule open, in microseconds since the epoch; or what is wrong with it.

    The library looks until the year 9999 for a rule that never comes true, which took seconds from our time
    on. So the rule is asked in a time close to that year, as many whole cycles of the calendar ahead as fit.
    """
    try:
        return _worked_out(rule, start, zone)
    except ActionError as error:
        return str(error)


def _worked_out(rule: str, start: str, zone: str) -> Sequence[int]:
    first = _local(start, zone)
    parts = _parts(rule)
    horizon = first.replace(year=first.year + YEARS, day=min(first.day, 28))
    count = int(parts.pop("COUNT")) if "COUNT" in parts else MOST_WINDOWS + 1
    try:
        until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else horizon
        until = min(until, horizon)
        found = rrulestr(
            ";".join(f"{name}={value}" for name, value in parts.items()),
            dtstart=first.replace(tzinfo=None) + _AHEAD,
        )
        local = takewhile(lambda time: time <= horizon.replace(tzinfo=None) + _AHEAD, found)
        real = ((time - _AHEAD).replace(tzinfo=first.tzinfo) for time in local)
        times = list(islice((time for time in real if time <= until), min(count, MOST_WINDOWS + 1)))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise ActionError(f"rrule {quoted(rule)}: {error}") from error
    if not times:
        raise ActionError(f"rrule {quoted(rule)} gives no window from {start} on")
    if len(times) > MOST_WINDOWS:
        raise ActionError(
            f"rrule {quoted(rule)} gives more than {MOST_WINDOWS} windows in {YEARS} years: give it an UNTIL"
        )
    return tuple(sorted((time - _EPOCH) // _MICROSECOND for time in times))


def _until(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _parts(rule: str) -> dict[str, str]:
    if not _RULE.fullmatch(rule):
        raise ActionError(f"rrule {quoted(rule)} is no rule of RFC 5545, as FREQ=WEEKLY;BYDAY=TU")
    pairs = [part.split("=", 1) for part in rule.split(";")]
    parts = dict(pairs)
    if len(parts) < len(pairs):
        raise ActionError(f"rrule {quoted(rule)} says a part twice")
    if unknown := sorted(parts.keys() - _PARTS):
        raise ActionError(f"rrule {quoted(rule)}: {', '.join(unknown)} can't be used here")
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ActionError(f"rrule {quoted(rule)}: FREQ is one of {', '.join(_FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ActionError(f"rrule {quoted(rule)}: COUNT and UNTIL exclude each other (RFC 5545, 3.3.10)")
    for name in ("COUNT", "INTERVAL"):
        if name in parts and not (parts[name].isdecimal() and 0 < int(parts[name]) <= MOST_WINDOWS):
            raise ActionError(f"rrule {quoted(rule)}: {name} is a number from 1 to {MOST_WINDOWS}")
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        raise ActionError(f"rrule {quoted(rule)}: UNTIL is a time in UTC, as 20271231T235959Z")
    return parts


def _local(start: str, zone: str) -> datetime:
    try:
        first = datetime.fromisoformat(start)
    except ValueError as error:
        raise ActionError(f"start {quoted(start)} is no time, as 2026-11-24T02:00:00: {error}") from error
    if first.tzinfo is not None:
        raise ActionError(f"start {quoted(start)} has an offset: it is local time in {zone}")
    if not 2000 <= first.year < 2200:
        raise ActionError(f"start {quoted(start)} is in no year from 2000 to 2199")
    try:
        return first.replace(microsecond=0, tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ActionError(f"zone {quoted(zone)} is no IANA time zone, as Europe/Berlin") from error


def _short(us: int) -> str:
    return f"{_EPOCH + us * _MICROSECOND:%Y-%m-%d %H:%M} UTC"
