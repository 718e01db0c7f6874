"""The maintenance windows of fabrics, from the actions that declare and end them."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import Kind, RecordError, decode_record
from pipeline import transfer
from pipeline.actions import Action, action_of
from pipeline.actions.wrong import ActionError
from pipeline.kafka import KafkaSource
from pipeline.store.opening import look

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ACTION: Final = bytes((8, Kind.ACTION))
"""How the record of an action begins: field 1, a number."""


@dataclass(frozen=True)
class Declared:
    """One window as it was declared, and whether it was ended or replaced."""

    fabric: str
    action: Action
    ended_at: datetime | None = None
    remark: str | None = None

    def state(self, now: datetime) -> str:
        """Return open, to come, or over."""
        schedule = self.action.schedule
        assert schedule is not None
        at = (now - _EPOCH) // _MICROSECOND
        if self.ended_at is not None:
            return "ended"
        if schedule.at(at):
            return "open"
        return "over" if schedule.last <= at else "to come"

    def next_change(self, now: datetime) -> datetime | None:
        """Return when it opens or closes next."""
        assert self.action.schedule is not None
        at = self.action.schedule.after((now - _EPOCH) // _MICROSECOND)
        return None if at is None or self.ended_at is not None else _EPOCH + at * _MICROSECOND


def of_store(path: Path, fabrics: frozenset[str]) -> list[Declared]:
    """Return the windows that a store knows of, as they were declared."""
    if not path.exists():
        raise InputError(f"there is no store {path}")
    with closing(look(path)) as store:
        rows = store.sql(
            "SELECT fabric, record_time, detail, remark FROM main.action"
            " WHERE verb IN ('maintenance', 'maintenance-end') ORDER BY fabric, \"offset\""
        ).pl()  # fetchall would need pytz for times
    found = [
        (fabric, time.astimezone(UTC), action_of(orjson.loads(detail)), remark)
        for fabric, time, detail, remark in rows.rows()
        if not fabrics or fabric in fabrics
    ]
    return _declared(found)


def of_topics(access: KafkaAccess, fabrics: frozenset[str], stop: threading.Event) -> list[Declared]:
    """Return the windows that the topics of fabrics tell; all their records are read."""
    found = []
    for fabric in sorted(fabrics):
        found += list(_actions(access, fabric, stop))
    return _declared(found)


def _actions(
    access: KafkaAccess, fabric: str, stop: threading.Event
) -> Iterator[tuple[str, datetime, Action, str | None]]:
    with KafkaSource.open(access, {fabric: None}) as source:
        for record in transfer.records_of(source, fabric, stop, follow=False):
            if not record.value.startswith(_ACTION):
                continue
            try:
                action = action_of(orjson.loads(decode_record(record.value).json))
            except (RecordError, ActionError, orjson.JSONDecodeError):
                continue  # replicas keep it among the dead letters
            if action.verb in ("maintenance", "maintenance-end"):
                yield fabric, _EPOCH + timedelta(milliseconds=record.timestamp_ms), action, None


def _declared(told: Iterable[tuple[str, datetime, Action, str | None]]) -> list[Declared]:
    found: list[Declared] = []
    for fabric, time, action, remark in told:
        found = [
            replace(one, ended_at=time)
            if (one.fabric, one.action.subject, one.ended_at) == (fabric, action.subject, None)
            else one
            for one in found
        ]
        if action.verb == "maintenance":
            found.append(Declared(fabric, action, None, remark))
    return found
