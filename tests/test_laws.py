"""Laws of whole stores: neither cuts between batches, restarts nor who is heard first changes anything."""

import random
from collections.abc import Collection, Iterable
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from pipeline import transfer
from pipeline.batch import RawBatch, concatenate, cut
from pipeline.decode import decode
from pipeline.job import Job
from pipeline.store.equality import contents, differences
from tests.disturbed import SHORT, disturbed_stream
from tests.recordings.interleaved import WAYS, interleaved
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

RECORDINGS = ("verdicts", "segments")
STREAMS = (*RECORDINGS, "disturbed")
ORDER = (
    "offset",
    "index",
    "opened_offset",
    "opened_index",
    "seen_from",
    "seen_to",
    "detected_at",
    "incident_id",
    "root_incident_id",
)
"""Columns that tell when something was heard: other orders of arrival, other values."""
LATENCY = "main.detection_latency"


def records_of(recordings: Recordings, name: str) -> RawBatch:
    if name == "disturbed":
        return disturbed_stream(SHORT)
    return concatenate(list(transfer.batches_of(recordings.capture(name))))


def filled(
    store: Path, fabric: str, records: RawBatch, cuts: Iterable[int], restarts: Collection[int] = ()
) -> Path:
    """Fill a store with records, cut at the numbers given, some of which see a new job."""
    job = Job.open(store, [fabric], None)
    for start, end in pairwise(sorted({0, *cuts, len(records)})):
        if start in restarts:
            job.close()
            job = Job.open(store, [fabric], None)
            assert job.position(fabric) == start
        batch = cut(records, start, end)
        job.process(fabric, batch, decode(batch))
    job.close()
    return store


def cuts_in(records: RawBatch, seed: int, count: int) -> list[int]:
    return random.Random(seed).sample(range(len(records)), count)


def without_order(store: Path) -> dict[str, pl.DataFrame]:
    """Return the views of a store, but for what tells of the order of arrival."""
    views = {
        name: rows for name, rows in contents(store).items() if name.startswith("main.") and name != LATENCY
    }
    # which names the root by its id
    events = views["main.incident_event"]
    views["main.incident_event"] = events.filter(pl.col("kind") != "attached")
    subjects = views["main.subject"]  # an incident's name is its id, too
    views["main.subject"] = subjects.filter(pl.col("kind") != "incident")
    plain = {name: rows.drop(ORDER, strict=False) for name, rows in views.items()}
    return {
        name: rows.group_by(pl.exclude("times")).agg(pl.col("times").sum()) if rows.width > 1 else rows
        for name, rows in plain.items()
    }


def not_in_both(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> list[str]:
    assert left.keys() == right.keys()
    lines = []
    for name in left:
        for side, these, others in (("first", left, right), ("second", right, left)):
            only = these[name].join(others[name], on=these[name].columns, how="anti", nulls_equal=True)
            lines += [f"{name}, only in the {side}: {row}" for row in only.head(3).to_dicts()]
    return lines


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("part", [0.4, 0.7])
def test_neither_cuts_nor_restarts_change_anything(
    name: str, part: float, recordings: Recordings, tmp_path: Path
) -> None:
    # in the middle of things there is more to remember than at their end
    whole = records_of(recordings, name)
    records = cut(whole, 0, int(part * len(whole)))
    cuts = cuts_in(records, seed=len(records), count=12)
    at_once = filled(tmp_path / "at-once.duckdb", name, records, [])
    store = filled(tmp_path / "cut.duckdb", name, records, cuts, restarts=cuts[::2])
    assert differences(store, at_once) == []


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_batch_per_record_changes_nothing(name: str, recordings: Recordings, tmp_path: Path) -> None:
    records = records_of(recordings, name)
    begin = random.Random(name).randrange(len(records) - 60)
    store = filled(tmp_path / "single.duckdb", name, records, range(begin, begin + 60))
    assert differences(store, recordings.store(name)) == []


@pytest.mark.parametrize("way", WAYS)
def test_an_interleaving_is_another_order_that_keeps_that_of_each_device(
    way: str, recordings: Recordings
) -> None:
    records = records_of(recordings, "segments")
    other = interleaved(records, way, seed=1)
    assert other.keys != records.keys
    for key in set(records.keys):
        before, after = (
            [value for name, value in zip(it.keys, it.values, strict=True) if name == key]
            for it in (records, other)
        )
        assert before == after


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("way", WAYS)
def test_who_is_heard_first_changes_nothing_within_the_lateness(
    name: str, way: str, recordings: Recordings, tmp_path: Path
) -> None:
    records = interleaved(records_of(recordings, name), way, seed=1)
    store = filled(tmp_path / "interleaved.duckdb", name, records, cuts_in(records, seed=1, count=12))
    assert not_in_both(without_order(store), without_order(recordings.store(name))) == []
