"""Whole stores with people at work: neither cuts between batches nor restarts change anything of it."""

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch
from pipeline.store.equality import differences
from tests.disturbed import SHORT, disturbed_stream
from tests.test_laws import cuts_in, filled

pytestmark = pytest.mark.slow

VERBS = ("ack", "note", "resolve", "mark-false", "unack")
EVERY = 150
"""Records between two actions."""
WINDOWS: dict[int, dict[str, Any]] = {
    30: {"verb": "maintenance", "subject": "MW-1", "scope": {"fabric": True}},
    70: {"verb": "maintenance-end", "subject": "MW-1"},
    80: {"verb": "maintenance", "subject": "MW-2", "scope": {"device": ["leaf-19", "leaf-12"]}},
}
"""By number of the action."""


def with_actions(records: RawBatch, actions: dict[int, dict[str, Any]]) -> RawBatch:
    """Return records with an action after every so many, by its number; without one, a note on nothing."""
    rows: list[tuple[int, str, bytes]] = []
    columns = (records.timestamps_ms.tolist(), records.keys, records.values)
    for number, row in enumerate(zip(*columns, strict=True)):
        if number % EVERY == EVERY - 1:
            at = number // EVERY
            content = {"verb": "note", "subject": "nothing", **actions.get(at, {})}
            whole = {"version": 1, "actor": "alice", "text": "why", **content}
            if content["verb"] == "maintenance":
                day = 86_400_000
                whole.update({"from": iso(row[0] - day), "to": iso(row[0] + day)})
            wrong_clock = row[0] + random.Random(at).randrange(-3_600_000, 3_600_000)
            value = encode_record(Record(Kind.ACTION, json=json.dumps(whole).encode()))
            rows.append((wrong_clock, "alice", value))
        rows.append(row)
    times, keys, values = (list(column) for column in zip(*rows, strict=True))
    return RawBatch(np.arange(len(rows), dtype=np.int64), np.array(times, dtype=np.int64), keys, values)


def iso(ms: int) -> str:
    return str(np.datetime64(ms, "ms")) + "Z"


def deeds_on(store: Path, actions: int) -> dict[int, dict[str, Any]]:
    """Return who does what to the incidents of a store, each some while after it was told."""
    with duckdb.connect(str(store), read_only=True) as connection:
        found = connection.sql(
            "SELECT incident_id, min(\"offset\") FROM main.incident_event WHERE kind = 'opened'"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    rng = random.Random(7)
    deeds = dict(WINDOWS)
    for number in range(actions):
        known = [key for key, offset in found if offset < number * (EVERY + 1)]
        if known and number not in WINDOWS:
            deeds[number] = {"verb": rng.choice(VERBS), "subject": rng.choice(known)}
    return deeds


def test_what_people_do_is_the_same_whatever_the_batches(tmp_path: Path) -> None:
    plain = disturbed_stream(SHORT)
    first = filled(tmp_path / "first.duckdb", "disturbed", with_actions(plain, WINDOWS), [])
    records = with_actions(plain, deeds_on(first, len(plain) // EVERY))

    at_once = filled(tmp_path / "at-once.duckdb", "disturbed", records, [])
    cuts = cuts_in(records, seed=1, count=16)
    store = filled(tmp_path / "cut.duckdb", "disturbed", records, cuts, restarts=cuts[::2])
    ours = ("main.", "state f0_correlate", "state f0_causes")
    assert [one for one in differences(store, at_once) if one.startswith(ours)] == []
    with duckdb.connect(str(at_once), read_only=True) as connection:
        kinds = {row[0] for row in connection.sql("SELECT DISTINCT kind FROM main.incident_event").fetchall()}
    assert kinds >= {"maintenance_began", "maintenance_ended", "noted", "acknowledged", "marked_false"}
