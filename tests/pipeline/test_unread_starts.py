"""Sessions that live and whose start a replica hasn't read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from collectors.records import Kind, Record, encode_record, session_id
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.detectors.heard import SILENCE
from pipeline.job import Job

T0_MS = 1_700_000_000_000
START = b'{"paths": ["/interfaces"]}'


class Stream:
    def __init__(self, job: Job) -> None:
        self.job = job
        self._offset = 0

    def says(
        self, device: str, seq: int, kind: Kind = Kind.RESPONSE, family: str = "link", at_s: float = 0
    ) -> int:
        """Process one record of a session; return how many live sessions have an unread start then."""
        at_ms = T0_MS + round(at_s * 1000)
        record = Record(
            kind, profile="openconfig", family=family, session=session_id(1, "c1"), seq=seq,
            recv_ns=at_ms * 10**6, json=START if kind is Kind.START else b"{}",
        )  # fmt: skip
        tick = kind is Kind.TICK
        value = encode_record(Record(Kind.TICK, recv_ns=at_ms * 10**6) if tick else record)
        batch = RawBatch(np.array([self._offset]), np.array([at_ms]), [device], [value])
        self._offset += 1
        self.job.process("dc1", batch, decode(batch))
        return self.job.unread_starts("dc1")


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    with closing(Job.open(tmp_path / "store.duckdb", ["dc1"], None)) as job:
        yield Stream(job)


def test_nobody_lives_in_an_empty_stream(stream: Stream) -> None:
    assert stream.job.unread_starts("dc1") == 0


def test_a_session_that_begins_in_the_stream_is_known(stream: Stream) -> None:
    assert stream.says("leaf-1", 0, Kind.START) == 0
    assert stream.says("leaf-1", 1) == 0


def test_a_session_that_began_before_the_stream_is_not_known(stream: Stream) -> None:
    assert stream.says("leaf-1", 5) == 1
    assert stream.says("leaf-2", 7, family="bgp") == 2


def test_a_session_that_ended_is_not_waited_for(stream: Stream) -> None:
    stream.says("leaf-1", 5)
    assert stream.says("leaf-1", 6, Kind.END) == 0


def test_a_device_that_nobody_hears_of_any_more_is_not_waited_for(stream: Stream) -> None:
    stream.says("leaf-1", 5)
    silence = SILENCE.total_seconds()
    assert stream.says("c1", 0, Kind.TICK, at_s=silence - 0.001) == 1
    assert stream.says("c1", 0, Kind.TICK, at_s=silence) == 0


def test_a_quiet_family_lives_while_its_device_does(stream: Stream) -> None:
    stream.says("leaf-1", 5, family="bgp")
    stream.says("leaf-1", 0, Kind.START, family="liveness")
    assert stream.says("leaf-1", 1, family="liveness", at_s=60) == 1
