"""Devices from a CSV file: one row per device, columns named in the first row."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from collectors.errors import InputError
from collectors.inventory_import.devices import Device
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.values import did_you_mean, shown

COLUMNS: Final = ("name", "address", "port", "profile", "platform", "fabric", "role", "site", "rack")
LABEL: Final = "label."
"""In front of a column's name: it is a label."""
_DELIMITERS: Final = (",", ";", "\t")
"""Spreadsheets write semicolons where the comma is the decimal point."""


def read_csv(text: str, file: str, mistakes: Mistakes) -> Iterator[Device]:
    """Yield the device of each row; empty rows are passed over, an empty cell says nothing.

    Raises InputError for a first row that names no usable columns: without it no cell means anything.
    """
    header, _, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(columns, file)
        for row in reader:
            if any(cell.strip() for cell in row):
                if len(row) != len(columns):
                    mistakes.add(reader.line_num, f"has {len(row)} cells, the first row {len(columns)}")
                else:
                    yield _device(dict(zip(columns, row, strict=True)), reader.line_num)
    except csv.Error as error:
        mistakes.add(reader.line_num, f"this is no CSV: {error}")


def _check_columns(columns: list[str], file: str) -> None:
    wrong = [
        f"{file}:1: unknown column {shown(one)}{did_you_mean(one, COLUMNS)}:"
        f" use {', '.join(COLUMNS)} and {LABEL}NAME"
        for one in columns
        if one not in COLUMNS and not one.startswith(LABEL)
    ]
    wrong += [
        f"{file}:1: column {shown(one)} stands there twice" for one in columns if columns.count(one) > 1
    ]
    wrong += [f"{file}:1: there is no column {one}" for one in ("name", "address") if one not in columns]
    if wrong:
        raise InputError("\n".join(dict.fromkeys(wrong)))


def _device(row: dict[str, str], line: int) -> Device:
    said = {column: cell.strip() for column, cell in row.items() if cell.strip()}
    return Device(
        where=f"device {shown(said['name'])}" if "name" in said else "device without a name",
        line=line,
        name=said.get("name"),
        address=said.get("address"),
        port=said.get("port"),
        profile=said.get("profile"),
        platform=said.get("platform"),
        fabric=said.get("fabric"),
        role=said.get("role"),
        site=said.get("site"),
        rack=said.get("rack"),
        labels={
            column.removeprefix(LABEL): cell for column, cell in said.items() if column.startswith(LABEL)
        },
    )
