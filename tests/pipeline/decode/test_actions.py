"""Actions in the stream: a bad one is told and costs nothing else, and none moves the fabric's clock."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.health import Watched
from pipeline.job import Job

MS = 1_700_000_000_000
NOTE = {"version": 1, "verb": "note", "actor": "alice", "subject": "3fa1c2e0", "text": "cable checked"}


def batch(*records: tuple[int, bytes | None]) -> RawBatch:
    """Records of (seconds, content of an action; None for a tick)."""
    values = [
        encode_record(Record(Kind.TICK) if json is None else Record(Kind.ACTION, json=json))
        for _, json in records
    ]
    times = np.array([MS + second * 1000 for second, _ in records], dtype=np.int64)
    return RawBatch(np.arange(len(values), dtype=np.int64), times, ["alice"] * len(values), values)


def action(**more: Any) -> bytes:
    return json.dumps({**NOTE, **more}).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[1]", "a JSON object"),
        (action(verb="explode"), "unknown verb 'explode'"),
        (action(version=2), "version 2"),
        (action(colour="red"), "no member 'colour'"),
    ],
)
def test_a_bad_action_is_among_the_dead_letters_and_all_else_is_read(content: bytes, reason: str) -> None:
    decoded = decode(batch((0, None), (1, content), (2, action())))

    [letter] = decoded.dead.to_dicts()
    assert letter["offset"] == 1
    assert letter["reason"].startswith("action: ")
    assert reason in letter["reason"]
    assert decoded.control["offset"].to_list() == [0, 1, 2]


def test_only_good_actions_are_kept_as_actions(tmp_path: Path) -> None:
    records = batch((0, None), (1, action(verb="explode")), (2, action()), (3, None))
    with closing(Job.open(tmp_path / "s.duckdb", ["dc1"], None)) as job:
        job.process("dc1", records, decode(records))
        job.settle()
        with closing(job.reader()) as reader:
            assert reader.sql('SELECT "offset", verb FROM main.action').fetchall() == [(2, "note")]
            assert reader.sql('SELECT "offset" FROM main.dead_letter').fetchall() == [(1,)]


def test_a_person_whose_clock_is_ahead_does_not_move_the_fabric_s(tmp_path: Path) -> None:
    records = batch((0, None), (3600, action()), (1, None))
    with closing(Job.open(tmp_path / "s.duckdb", ["dc1"], None)) as job:
        watched = Watched(job)
        watched.process("dc1", records, decode(records))
        job.settle()
        with closing(job.reader()) as reader:
            stream = reader.sql("SELECT epoch_ms(record_time) FROM main.stream_position").fetchall()
        now = watched.seen("dc1").stream_time
    assert stream == [(MS + 1000,)]
    assert now is not None
    assert now.timestamp() * 1000 == MS + 1000
