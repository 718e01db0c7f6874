"""Answers that are about the session itself."""

from collections.abc import Sequence

import pyarrow as pa

from pipeline.pgwire import oids
from pipeline.pgwire.oids import PgType
from pipeline.pgwire.results import Budget, Column, Result
from pipeline.pgwire.settings import Settings

_ALL = ("name", "setting")


def shown(name: str, settings: Settings) -> list[Column]:
    """Return the columns of ``SHOW name``."""
    names = _ALL if name == "all" else (settings.value(name)[0],)
    return [Column(it, PgType(oids.TEXT)) for it in names]


def show(name: str, settings: Settings, value: str | None = None) -> Result:
    """Return what ``SHOW name`` answers; ``value`` is that of a setting that others know better."""
    rows: Sequence[tuple[str, ...]]
    rows = settings.all() if name == "all" else [(settings.value(name)[1] if value is None else value,)]
    columns = shown(name, settings)
    arrays = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(columns))]
    table = pa.Table.from_arrays(arrays, names=[column.name for column in columns])
    return Result(columns, table, Budget(0), 0)
