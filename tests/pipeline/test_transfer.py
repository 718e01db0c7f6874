"""Captures to batches and to topics, without a broker."""

import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.captures import write_capture
from collectors.errors import InputError
from collectors.records import StoredRecord
from pipeline import transfer
from pipeline.kafka_publish import Publisher
from tests.pipeline.raw_batches import content, numbered

RECORDS = [StoredRecord(n, 1_000 + 250 * n, f"leaf{n % 3}", b"%d" % n) for n in range(8)]


class Sent:
    """Stands in for a publisher; asks to stop after so many records."""

    def __init__(self, stop_after: int = 1_000) -> None:
        self.stop = threading.Event()
        self.records: list[tuple[str, bytes, int]] = []
        self._stop_after = stop_after

    def send(self, key: str, value: bytes, timestamp_ms: int) -> None:
        self.records.append((key, value, timestamp_ms))
        if len(self.records) == self._stop_after:
            self.stop.set()


class Clock(threading.Event):
    """An event on which waiting takes no time but moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0.0
        return False


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "dc1.parquet"
    write_capture(path, RECORDS)
    return path


def publish(capture: Path, sent: Sent, stop: threading.Event, speed: float | None) -> int:
    told: list[int] = []
    publisher = cast("Publisher", sent)
    count = transfer.publish(transfer.batches_of(capture), publisher, stop, told.append, speed=speed)
    assert sum(told) in {0, len(RECORDS)}
    return count


def test_records_are_sent_in_order_and_unchanged(capture: Path) -> None:
    sent = Sent()
    assert publish(capture, sent, sent.stop, None) == len(RECORDS)
    assert sent.records == [(record.key, record.value, record.timestamp_ms) for record in RECORDS]


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 1.75), (10.0, 0.175), (0.5, 3.5)])
def test_speed_divides_the_time_between_records(
    capture: Path, speed: float, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    publish(capture, Sent(), clock, speed)
    assert clock.now_s == pytest.approx(seconds)


def test_asked_to_stop_it_sends_no_more(capture: Path) -> None:
    sent = Sent(stop_after=3)
    assert publish(capture, sent, sent.stop, None) == 3
    assert len(sent.records) == 3


def test_a_file_that_is_no_capture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not Parquet")
    with pytest.raises(InputError, match=r"notes\.txt"):
        list(transfer.batches_of(path))


@given(st.lists(st.integers(0, 30), max_size=8))
def test_filling_batches_changes_no_record(sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "MAX_BATCH_RECORDS", 25)
        batches = [numbered(100 * number, size) for number, size in enumerate(sizes)]
        filled = list(transfer.filled(batches))
    before: list[Any] = [row for batch in batches for row in content(batch)]
    assert [row for batch in filled for row in content(batch)] == before
    assert all(len(batch) >= 25 for batch in filled[:-1])


def test_large_values_fill_a_batch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_BATCH_BYTES", 6)
    assert [len(batch) for batch in transfer.filled(numbered(n, 1) for n in range(100, 105))] == [2, 2, 1]
