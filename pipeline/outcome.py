"""What a batch changes in the store, and what a snapshot of a fabric holds, as rows of tables."""

import polars as pl

from pipeline.apply.fabric import Applied, FabricState
from pipeline.decode import Decoded
from pipeline.detect import RULES
from pipeline.detectors import SUBJECT
from pipeline.revision import Revision
from pipeline.schema import FACTS, MAC_LOCATION, NAME, TIME, TIMELINES
from pipeline.store import Commit


def current_rows(fabric: str, state: FabricState) -> dict[str, pl.DataFrame]:
    """Return the rows of the ``*_current`` tables and of ``observer_current``."""
    tables = {"observer_current": state.sessions.observer_frame()}
    for entity in TIMELINES:
        if entity is MAC_LOCATION:
            rows = state.locations.current()
            family = pl.lit("routes", dtype=NAME)
        else:
            entity_state = state.entities[entity.name]
            living = entity_state.living()
            meta = entity_state.meta.frame(living)
            rows = (
                entity_state.frame(living)
                .drop(entity.pointers)
                .hstack(
                    meta.select(
                        pl.col("valid_from", "seen_from").cast(TIME),
                        "opened_offset",
                        "opened_index",
                        "family",
                    ).get_columns()
                )
            )
            family = pl.col("family")
        tables[f"{entity.name}_current"] = rows.with_columns(family=family)
    return {table: rows.with_columns(fabric=pl.lit(fabric)) for table, rows in tables.items()}


def commit_of(
    fabric: str,
    decoded: Decoded,
    applied: Applied,
    *,
    added: pl.DataFrame,
    removed: pl.DataFrame,
    revision: Revision,
) -> Commit:
    """Return the rows that a batch adds and takes back; positions are the caller's."""
    appends: dict[str, pl.DataFrame] = {}
    removals: dict[str, pl.DataFrame] = {}
    facts = {entity.name for entity in FACTS}
    for name, changes in applied.changes.items():
        if len(changes):
            if name in facts:
                appends[f"{name}_event"] = changes.facts(applied.records)
            appends[f"{name}_history"] = changes.closed(applied.records)
    appends["mac_location_history"] = applied.located.closed
    appends["collector_event"] = applied.sessions.events
    appends["action"] = revision.actions
    appends["dead_letter"] = decoded.dead
    appends["finding"] = _finding_rows(added)
    appends["incident"], appends["incident_event"] = revision.incidents, revision.events
    removals["mac_location_history"] = applied.located.void_closed
    removals["finding"] = _finding_rows(removed)
    removals["incident"], removals["incident_event"] = revision.void_incidents, revision.void_events

    return Commit(
        {table: rows.with_columns(fabric=pl.lit(fabric)) for table, rows in appends.items() if len(rows)},
        {table: rows.with_columns(fabric=pl.lit(fabric)) for table, rows in removals.items() if len(rows)},
    )


def _finding_rows(findings: pl.DataFrame) -> pl.DataFrame:
    family = {rule: declared.family for rule, declared in RULES.items()}
    of_something = pl.any_horizontal(pl.col(column).is_not_null() for column in SUBJECT)
    return findings.filter(of_something).select(
        "offset", "index", "rule", "severity", "active", *SUBJECT, "summary", "evidence",
        family=pl.col("rule").replace_strict(family, return_dtype=pl.String),
        event_time=pl.col("time").cast(TIME),
        detected_at=pl.col("now").cast(TIME),
    )  # fmt: skip
