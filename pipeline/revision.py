"""What a batch does to incidents, as rows of the tables ``incident``, ``incident_event`` and ``action``."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
import polars as pl

from pipeline.detectors import FINDING, SUBJECT, Rule
from pipeline.life import Event, Incident
from pipeline.schema import TIME, Columns

Key = tuple[str, tuple[Any, ...]]
"""Rule family and subject."""


@dataclass(frozen=True)
class Revision:
    """What changed: rows of ``incident`` and ``incident_event`` to remove (identity) and to append."""

    incidents: pl.DataFrame
    events: pl.DataFrame
    void_incidents: pl.DataFrame
    void_events: pl.DataFrame
    actions: pl.DataFrame
    """Rows of ``action`` to append."""


def incident_rows(incidents: Iterable[tuple[Incident, Key]], rules: Mapping[str, Rule]) -> pl.DataFrame:
    """Return one row per incident as it stands."""
    rows = [
        {
            **asdict(incident),
            **dict(zip(SUBJECT, key[1], strict=True)),
            **orjson.loads(incident.labels),
            "family": key[0],
            "name": rules[incident.rule].name,
            "state": "open" if incident.resolved_at is None else "resolved",
        }
        for incident, key in incidents
    ]
    return pl.DataFrame(rows, schema=_INCIDENT).with_columns(
        pl.col("opened_at", "detected_at", "resolved_at").cast(TIME)
    )


def event_rows(events: Iterable[Event]) -> pl.DataFrame:
    """Return one row per thing that happened to an incident."""
    return (
        pl.DataFrame(list(events), schema=_EVENT, orient="row")
        .with_columns(pl.col("time").cast(TIME))
        .rename({"time": "event_time"})
    )


_INCIDENT: Final[Columns] = {
    "incident_id": pl.String,
    "rule": pl.String,
    "name": pl.String,
    "family": pl.String,
    "severity": pl.String,
    "state": pl.String,
    "opened_at": pl.Int64,
    "detected_at": pl.Int64,
    "resolved_at": pl.Int64,
    **{name: FINDING[name] for name in SUBJECT},
    "summary": pl.String,
    "evidence": pl.String,
    "coverage": pl.Float64,
    "acknowledged_by": pl.String,
    "in_maintenance": pl.Boolean,
}
_EVENT: Final = {
    "incident_id": pl.String,
    "time": pl.Int64,
    "kind": pl.String,
    "rule": pl.String,
    "severity": pl.String,
    "summary": pl.String,
    "offset": pl.Int64,
    "index": pl.UInt32,
    "actor": pl.String,
}
