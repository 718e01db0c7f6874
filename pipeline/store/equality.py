"""Whether two stores say the same: every view of ``main``, and the detector state of the snapshot."""

from pathlib import Path
from typing import Final

import polars as pl

from pipeline.store.opening import look
from pipeline.store.tables import kept_state

WALL_CLOCK: Final = ("known",)
"""Columns that depend on when one asks: ``known`` is unknown once the stream has been silent for 15 s."""

Contents = dict[str, pl.DataFrame]


def contents(path: Path) -> Contents:
    """Return the rows of each view and each frame of state, without ``WALL_CLOCK``.

    One row per distinct row, ``times`` says how often it is there. Raises as Store.open does.
    """
    with look(path) as connection:
        names = connection.execute(
            "SELECT 'main.' || view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal"
        ).fetchall()
        views = {name: _counted(connection.sql(f"FROM {name}").pl()) for (name,) in names}
        state = {f"state {name}": _counted(rows) for name, rows in kept_state(connection).items()}
        return views | state


def differences(left: Path, right: Path, *, rows: int = 5) -> list[str]:
    """Return what is in one store but not in the other: a line each, at most ``rows`` per view and side."""
    ours, theirs = contents(left), contents(right)
    lines = []
    for name in sorted(ours.keys() | theirs.keys()):
        for path, these, others in ((left, ours, theirs), (right, theirs, ours)):
            if name in these:
                only = _only(these[name], others.get(name), rows)
                lines += [f"{name}, only in {path}: {row}" for row in only]
    return lines


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(pl.exclude(*WALL_CLOCK)).agg(times=pl.len())


def _only(rows: pl.DataFrame, others: pl.DataFrame | None, limit: int) -> list[str]:
    if others is None or others.schema != rows.schema:
        return [f"columns {', '.join(rows.columns)}"]
    missing = rows.join(others, on=rows.columns, how="anti", nulls_equal=True)
    shown = [
        ", ".join(f"{column}={value}" for column, value in row.items() if value is not None)
        for row in missing.sort(rows.columns).head(limit).rows(named=True)
    ]
    return shown + [f"{missing.height - limit} more"] * (missing.height > limit)
