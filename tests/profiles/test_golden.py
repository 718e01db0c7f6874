"""Golden cases: what a device says, as protobuf text, and the rows that decode makes of it.

A case is a folder: ``*.txtpb`` are gnmi.SubscribeResponses, in order of their names; ``expected.json`` are
rows, reasons and counts. ``pytest --update-golden`` rewrites the latter; read the diff.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from google.protobuf import text_format
from pygnmi.spec.v080 import gnmi_pb2

from collectors.profiles import EntityMapping, Kind, profile, profile_names
from collectors.records import Kind as RecordKind
from collectors.records import Record, encode_record
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.schema import ENTITIES, Entity

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path for path in GOLDEN.glob("*/*") if path.is_dir())
OCTETS = {"mac", "router_mac", "es_import", "system_id", "partner_id", "ip_hi", "ip_lo"}
"""Columns that people read in hex."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_decode_makes_the_expected_rows(case: Path, request: pytest.FixtureRequest) -> None:
    said = {
        path.stem: text_format.Parse(path.read_text(), gnmi_pb2.SubscribeResponse())
        for path in sorted(case.glob("*.txtpb"))
    }
    actual = told(case.parent.name, [message.SerializeToString() for message in said.values()])
    expected = case / "expected.json"
    if request.config.getoption("--update-golden"):
        expected.write_text(json.dumps(actual, indent=1) + "\n")

    assert actual == json.loads(expected.read_text())


@pytest.mark.parametrize(
    ("name", "mapping"),
    [(name, mapping) for name in profile_names() for mapping in profile(name).entities],
    ids=lambda part: part.path if isinstance(part, EntityMapping) else part,
)
def test_every_leaf_of_every_entity_has_a_case(name: str, mapping: EntityMapping) -> None:
    cases = [json.loads((case / "expected.json").read_text()) for case in CASES if case.parent.name == name]
    rows = [row for case in cases for row in case["tables"].get(mapping.table, [])]
    told_here = {column for row in rows if comes_from(mapping, row) for column in row}

    assert told_here >= columns_of(mapping)


def told(profile_name: str, responses: list[bytes]) -> dict[str, Any]:
    """Return what decode says of some responses, as JSON."""
    values = [
        encode_record(
            Record(RecordKind.RESPONSE, profile_name, "family", "session", number, response=response)
        )
        for number, response in enumerate(responses)
    ]
    places = np.arange(len(values), dtype=np.int64)
    decoded = decode(RawBatch(places, places, ["leaf1"] * len(values), values))
    return {
        "control": readable(decoded.control.select("event_time", "sync", "updates", "duplicates")),
        "tables": {table: readable(rows, ENTITIES[table]) for table, rows in decoded.tables.items()},
        "dead": readable(decoded.dead.select("offset", "reason")),
        "unmapped": dict(decoded.unmapped.iter_rows()),
    }


def readable(frame: pl.DataFrame, entity: Entity | None = None) -> list[dict[str, Any]]:
    """Return rows without nulls, octets in hex, times as text and bits as names."""
    rows: list[dict[str, Any]] = []
    for row in frame.iter_rows(named=True):
        one = {name: value for name, value in row.items() if value is not None}
        for name, value in one.items():
            if name in OCTETS and isinstance(value, int):
                one[name] = f"{value:#x}"
            elif isinstance(value, datetime):
                one[name] = value.isoformat()
        if entity is not None:
            names = list(entity.keys if one["op"] in ("branch", "atomic") else entity.leaves)
            one["cleared"] = [name for bit, name in enumerate(names) if one["cleared"] >> bit & 1]
        rows.append(one)
    return rows


def comes_from(mapping: EntityMapping, row: dict[str, Any]) -> bool:
    keys = {column for key in mapping.keys if not key.optional for column in columns(key.column, key.kind)}
    may_be_null = {"neighbor", "ip_hi", "ip_lo", "ip_len", "esi", "route_esi"}
    filled = set(ENTITIES[mapping.table].keys) & set(row)
    mine = {column for key in mapping.keys for column in columns(key.column, key.kind)} | set(
        mapping.constants
    )
    return (
        row["op"] in ("update", "replace")
        and keys - may_be_null <= set(row)
        and filled <= mine
        and all(row.get(column) == value for column, value in mapping.constants.items())
    )


def columns(column: str, kind: Kind) -> set[str]:
    return {f"{column}_hi", f"{column}_lo"} if kind is Kind.IP else {column}


def columns_of(mapping: EntityMapping) -> set[str]:
    entity = ENTITIES[mapping.table]
    told_by_leaves = {
        column
        for leaf in mapping.leaves
        for column in (entity.leaves if leaf.kind is Kind.EXT_COMMUNITIES else (leaf.column,))
    }
    return told_by_leaves | {column for key in mapping.keys for column in columns(key.column, key.kind)}
