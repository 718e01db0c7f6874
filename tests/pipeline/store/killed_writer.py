"""Commits facts from where the store stands, and is killed at a stage of one batch if told so.

Usage: killed_writer.py STORE ROWS_PER_BATCH [BATCH STAGE]
"""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from pipeline.schema import MAC, current_schema, event_schema
from pipeline.store import Commit, Position, Snapshot, Store
from pipeline.store.database import Stage

BATCHES = 6
START = datetime(2026, 1, 1, tzinfo=UTC)


def filled(schema: pl.Schema, offset: pl.Series) -> pl.DataFrame:
    given = {
        "fabric": pl.lit("dc1"),
        "offset": pl.lit(offset),
        "index": pl.lit(0),
        "mac": pl.lit(offset) % 999,
    }
    return pl.select(
        [given.get(column, pl.lit(None)).cast(dtype).alias(column) for column, dtype in schema.items()]
    )


def write(path: Path, rows: int, kill_in: int | None, kill_at: str) -> None:
    batch = 0

    def reached(stage: Stage) -> None:
        if batch == kill_in and stage == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store.open(path, reached=reached)
    stands = store.position("dc1")
    for batch in range(stands.next_offset // rows if stands else 0, BATCHES):
        offset = pl.int_range(batch * rows, (batch + 1) * rows, dtype=pl.Int64, eager=True)
        after = Position("dc1", "fabricscope.raw.dc1", (batch + 1) * rows, START + timedelta(seconds=batch))
        step = pl.DataFrame({"incident_id": ["a"], "state": [f"after batch {batch}"]})
        store.commit(
            Commit(
                {"mac_event": filled(event_schema(MAC), offset), "incident": incident(step)},
                {"incident": step.select("incident_id")},
                [after],
            )
        )
        if batch % 2:
            seen = {"seen": pl.DataFrame({"offset": offset})}
            store.snapshot(Snapshot({"mac_current": filled(current_schema(MAC), offset)}, seen, [after]))
    store.close()


def incident(step: pl.DataFrame) -> pl.DataFrame:
    columns = [
        "rule name family severity opened_at detected_at resolved_at fabric device vni evi mac ip_hi ip_lo",
        "esi vtep interface peer tenant summary evidence coverage acknowledged_by in_maintenance",
        "root_incident_id",
    ]
    return step.with_columns([pl.lit(None).alias(column) for column in " ".join(columns).split()])


if __name__ == "__main__":
    store_file, per_batch, *kill = sys.argv[1:]
    write(Path(store_file), int(per_batch), int(kill[0]) if kill else None, kill[1] if kill else "")
