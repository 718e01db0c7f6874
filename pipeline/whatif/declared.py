"""What is declared of a fabric: the store has it as of its last snapshot, and no history of it."""

import io
from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl

from pipeline.forensics.questions import literal
from pipeline.forensics.source import Source

Declaration = Mapping[str, Any]  # Any: JSON


def declared_now(source: Source, fabric: str) -> Declaration:
    """Return the content of the declaration that holds now, empty if there is none."""
    names = _frame(source, "fabrics")
    if names is None or fabric not in names["name"].to_list():
        return {}
    found = _frame(source, f"f{names['name'].to_list().index(fabric)}_detect_declared")
    content = {} if found is None else orjson.loads(found["content"][0])
    return content if isinstance(content, dict) else {}


def _frame(source: Source, name: str) -> pl.DataFrame | None:
    rows = source.rows(f"SELECT frame FROM store.snapshot_state WHERE name = {literal(name)}")  # noqa: S608
    return pl.read_ipc(io.BytesIO(rows["frame"][0])) if rows.height else None
