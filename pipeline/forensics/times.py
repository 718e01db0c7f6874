"""Times as people write them. Now and the time zone are arguments: nothing here reads a clock.

====================================  =====================================================================
written                               means
====================================  =====================================================================
``now``                               now
``-15m``, ``-2h30m``, ``-1d``         so long before now, in days, hours, minutes, seconds
``03:12``, ``03:12:04.5``             the last time that clocks of the zone have shown this
``today 03:12``, ``yesterday 14:00``  this day's, the day's before
``2026-11-22 03:12``, ``2026-11-22``  ISO 8601 in the zone; a day alone begins at midnight
``2026-11-22T03:12:04Z``, ``03:12Z``  the zone is written: Z, UTC or an offset like +01:00
====================================  =====================================================================
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors.errors import InputError
from pipeline.actions.wrong import quoted

_BEFORE: Final = re.compile(r"-(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
_CLOCK: Final = re.compile(
    r"(?:(today|yesterday)[ T]\s*)?(\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_YEARS: Final = range(2000, 2200)
_DAY: Final = timedelta(days=1)
FORMS: Final = "03:12, 'yesterday 14:00', -15m, 2026-11-22T03:12:04Z or now"


@dataclass(frozen=True, slots=True)
class Reach:
    """From when to when a store knows of its fabrics."""

    first: datetime
    last: datetime


def moment(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the time that ``text`` means, in UTC; ``zone`` is that of times without one.

    Raises InputError for text that is no time, and for one that a change of clocks shows twice or never.
    """
    given = text.strip()
    if given.lower() == "now":
        return now.astimezone(UTC)
    found = _BEFORE.fullmatch(given)
    if found is not None and any(found.groups()):
        return _before(now, found, given)
    clock = _CLOCK.fullmatch(given)
    return _of_clock(clock, given, now, zone) if clock is not None else _of_iso(given, zone)


def period(
    since: str, until: str, *, now: datetime, zone: tzinfo, reach: Reach | None = None
) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a range; raises InputError for one that goes backwards.

    With ``reach``, both must be known to the store.
    """
    first, last = moment(since, now=now, zone=zone), moment(until, now=now, zone=zone)
    if first > last:
        raise InputError(
            f"{quoted(since)} is {said(first, zone)}, which is after {quoted(until)}, {said(last, zone)}:"
            " give the earlier one first"
        )
    if reach is not None:
        for written, when in ((since, first), (until, last)):
            check_reach(written, when, now=now, zone=zone, reach=reach)
    return first, last


def check_reach(text: str, when: datetime, *, now: datetime, zone: tzinfo, reach: Reach) -> None:
    """Raise InputError unless ``when``, which was written as ``text``, is a time that the store knows of."""
    if when > now:
        raise InputError(
            f"{quoted(text)} is {said(when, zone)}, which is in the future: the latest that is known is"
            f" {said(reach.last, zone)}"
        )
    if when < reach.first:
        raise InputError(
            f"{quoted(text)} is {said(when, zone)}, before the first data: the earliest that is known is"
            f" {said(reach.first, zone, up=True)}"
        )
    if when > reach.last:
        raise InputError(
            f"{quoted(text)} is {said(when, zone)}, after the last data: the latest that is known is"
            f" {said(reach.last, zone)}"
        )


def said(when: datetime, zone: tzinfo, *, up: bool = False) -> str:
    """Return a time as ``moment`` reads it, in the zone, to the millisecond below, or, with ``up``, above."""
    rest = timedelta(microseconds=when.microsecond % 1000)
    moved = timedelta(milliseconds=1) - rest if up and rest else -rest
    shown = (when.astimezone(UTC) + moved).astimezone(zone)
    return shown.isoformat(timespec="milliseconds" if shown.microsecond else "seconds").replace("+00:00", "Z")


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name; raises InputError for none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"there is no time zone {name!r}: write UTC or one like Europe/Berlin") from error


def _before(now: datetime, found: re.Match[str], given: str) -> datetime:
    days, hours, minutes, seconds = (part or "0" for part in found.groups())
    whole, _, part = seconds.partition(".")
    try:
        length = timedelta(
            days=int(days),
            hours=int(hours),
            minutes=int(minutes),
            seconds=int(whole),
            microseconds=int(f"{part:0<6}"[:6]),
        )
        when = now.astimezone(UTC) - length
    except (OverflowError, ValueError) as error:  # numbers of any length
        raise InputError(f"{quoted(given)} is longer ago than any fabric: write -15m or -2h30m") from error
    return _in_range(when, given)


def _of_clock(found: re.Match[str], given: str, now: datetime, zone: tzinfo) -> datetime:
    day, clock, offset = found.groups()
    try:
        at = time.fromisoformat(clock if clock[2] == ":" else f"0{clock}")
        zone = _offset(offset) if offset is not None else zone
    except ValueError as error:
        raise _no_time(given) from error
    today = now.astimezone(zone).date()
    if day is not None:
        return _local(today - _DAY if day.lower() == "yesterday" else today, at, given, zone)
    shown = [when for when in _both(today, at, zone) if when <= now]
    if len(shown) == 1:  # of an hour that clocks show twice, the second is yet to come
        return shown[0]
    if not shown and _both(today, at, zone):
        return _local(today - _DAY, at, given, zone)
    return _local(today, at, given, zone)


def _of_iso(given: str, zone: tzinfo) -> datetime:
    try:
        when = datetime.fromisoformat(re.sub(r"\s*UTC$", "Z", given, flags=re.IGNORECASE))
    except ValueError as error:
        raise _no_time(given) from error
    _check_year(when.year, given)
    if when.tzinfo is not None:
        return _in_range(when.astimezone(UTC), given)
    return _local(when.date(), when.time(), given, zone)


def _local(day: date, at: time, given: str, zone: tzinfo) -> datetime:
    """Return when clocks in ``zone`` show it: once."""
    _check_year(day.year, given)
    shown = _both(day, at, zone)
    if len(shown) == 1:
        return _in_range(shown[0], given)
    if shown:
        first, second = (said(when, zone) for when in shown)
        raise InputError(
            f"{quoted(given)} is there twice, for clocks were set back on {day} in {zone}: write {first} or"
            f" {second}"
        )
    # read with the offsets of before and after the gap
    earlier, later = sorted(_read(day, at, zone, fold) for fold in (0, 1))
    raise InputError(
        f"{quoted(given)} is no time in {zone}, where clocks were set forward on {day}: the nearest are"
        f" {said(earlier, zone)} and {said(later, zone)}"
    )


def _both(day: date, at: time, zone: tzinfo) -> list[datetime]:
    """Return each moment, in UTC and in order, at which clocks of the zone show this: none, one or two."""
    wall = datetime.combine(day, at)
    moments = sorted({_read(day, at, zone, fold) for fold in (0, 1)})
    return [when for when in moments if when.astimezone(zone).replace(tzinfo=None) == wall]


def _read(day: date, at: time, zone: tzinfo, fold: int) -> datetime:
    return datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC)


def _offset(text: str) -> tzinfo:
    if text.upper() in ("Z", "UTC"):
        return UTC
    zone = datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo
    assert zone is not None
    return zone


def _in_range(when: datetime, given: str) -> datetime:
    _check_year(when.year, given)
    return when


def _check_year(year: int, given: str) -> None:
    if year not in _YEARS:
        raise InputError(f"{quoted(given)} is in no year from {_YEARS.start} to {_YEARS.stop - 1}")


def _no_time(given: str) -> InputError:
    return InputError(f"{quoted(given)} is no time: write {FORMS}")
