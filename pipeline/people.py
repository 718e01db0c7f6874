"""What people do, as the fabric's topic tells it, in the order of its records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from pipeline.actions import INCIDENT_VERBS, Action, action_of
from pipeline.actions.maintenance import Maintenance
from pipeline.actions.wrong import ActionError
from pipeline.apply.fabric import Applied
from pipeline.life import Deed
from pipeline.schema import TIME

_AFTER: Final = 1
"""Microseconds. What may change many incidents does so after all that is done to each at that time: else it
would matter which of the records of one time are read together."""


class Told(NamedTuple):
    """The JSON of one record of kind start, fabric or action."""

    time: int
    """The fabric's now as of the record, microseconds."""
    offset: int
    record_time: int
    kind: str
    content: Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True)
class News:
    """What a batch tells of people's doings."""

    deeds: Sequence[Deed]
    actions: pl.DataFrame
    """One row per action record that is what the contract says."""
    windows: bool
    """Other maintenance windows may be open for incidents than before."""


def told_of(applied: Applied) -> list[Told]:
    """Return what a batch has of start, fabric and action records, in their order."""
    records = applied.records
    return [
        Told(int(records.now[row]), int(records.offset[row]), int(records.record_time[row]), kind, content)
        for row, kind, content in applied.sessions.declared
    ]


class People:
    """What one fabric's people have declared that still counts."""

    def __init__(self) -> None:
        self.maintenance = Maintenance()

    def take(self, told: Sequence[Told]) -> News:
        """Take what a batch tells."""
        deeds: list[Deed] = []
        rows: list[dict[str, Any]] = []  # Any: columns of several types
        windows = False
        for one in told:
            if one.kind == "action":
                try:
                    action = action_of(one.content)
                except ActionError:  # it is among the dead letters: see pipeline.decode
                    continue
                remark = None
                if action.verb in INCIDENT_VERBS:
                    deeds.append(_deed(one, action))
                else:
                    remark = self._window(one, action)
                    windows = True
                rows.append(_row(one, action, remark))
            elif one.kind == "start":
                windows |= self._label(one)
        actions = pl.DataFrame(rows, schema=_ACTION).with_columns(pl.col("record_time").cast(TIME))
        return News(deeds, actions, windows)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return self.maintenance.dump(horizon)

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.maintenance.load(frames)

    def _window(self, one: Told, action: Action) -> str | None:
        if action.verb == "maintenance":
            return self.maintenance.declare(action, one.time + _AFTER, one.offset)
        return self.maintenance.end(action.subject, one.time + _AFTER)

    def _label(self, one: Told) -> bool:
        given = one.content.get("labels")
        told = given.items() if isinstance(given, dict) else ()
        labels = {name: str(value) for name, value in told if isinstance(value, str | int | float)}
        for name in ("role", "site", "rack"):
            if isinstance(value := one.content.get(name), str) and value:
                labels[name] = value
        return self.maintenance.label(str(one.content.get("device")), labels, one.time + _AFTER)


def _deed(one: Told, action: Action) -> Deed:
    return Deed(one.time, one.offset, action.verb, action.actor, action.subject, action.text, action.until)


def _row(one: Told, action: Action, remark: str | None) -> dict[str, Any]:  # Any: columns of several types
    return {
        "offset": one.offset,
        "record_time": one.record_time,
        "actor": action.actor,
        "verb": action.verb,
        "subject": action.subject,
        "detail": orjson.dumps(one.content).decode(),
        "remark": remark,
    }


_ACTION: Final = {
    "offset": pl.Int64,
    "record_time": pl.Int64,
    "actor": pl.String,
    "verb": pl.String,
    "subject": pl.String,
    "detail": pl.String,
    "remark": pl.String,
}
