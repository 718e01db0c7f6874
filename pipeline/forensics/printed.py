"""Answers on paper: a table, CSV, JSON. What devices said is data wherever it goes."""

import csv
import io
import json
from datetime import datetime, tzinfo
from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from pipeline.forensics.times import said
from pipeline.safe_text import cell, clean


def table(rows: pl.DataFrame, zone: tzinfo) -> Table:
    """Return one row per row; columns in which nothing is known are left out."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    names = [name for name in rows.columns if rows[name].null_count() < rows.height]
    for name in names:
        made.add_column(name, overflow="fold")
    for row in rows.select(names).rows():
        made.add_row(*(Text(_cell(one, zone)) for one in row))
    return made


def as_csv(rows: pl.DataFrame, zone: tzinfo) -> str:
    """Return all columns; text that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    for row in rows.rows():
        writer.writerow([cell(_cell(one, zone)) for one in row])
    return text.getvalue()


def as_json(answer: dict[str, Any], zone: tzinfo) -> str:  # Any: JSON
    """Return an answer as JSON, times as ISO 8601."""
    return json.dumps(answer, indent=2, default=lambda one: _cell(one, zone))


def _cell(one: object, zone: tzinfo) -> str:
    if one is None:
        return ""
    return said(one, zone) if isinstance(one, datetime) else clean(one)
