"""The loops that feed a job."""

import threading
from datetime import timedelta

import pytest

from pipeline.batch import RawBatch, concatenate, cut
from pipeline.decode import Decoded
from pipeline.run import replay, run
from tests.pipeline.raw_batches import content, numbered


class Job:
    """Keeps what it is given."""

    def __init__(self, position: int = 0) -> None:
        self.given: list[tuple[str, RawBatch]] = []
        self._position = position

    def position(self, fabric: str) -> int:  # noqa: ARG002  # of one fabric in these tests
        return self._position

    def process(self, fabric: str, batch: RawBatch, decoded: Decoded) -> None:
        assert len(decoded.control) + len(decoded.dead) >= len(batch)
        self.given.append((fabric, batch))

    def settle(self) -> None:
        pass

    def records(self, fabric: str) -> list[tuple[int, int, str, bytes]]:
        return content(concatenate([batch for name, batch in self.given if name == fabric]))


class Source:
    """Topics that grow while they are read, a few records a poll; asks to stop when nothing is left."""

    def __init__(self, topics: dict[str, int], growth: int, stop: threading.Event) -> None:
        self.ends = dict(topics)
        self._end_at_last = {fabric: end + growth for fabric, end in topics.items()}
        self._positions = dict.fromkeys(topics, 0)
        self._stop = stop

    def poll(self, timeout: timedelta) -> dict[str, RawBatch]:
        assert timeout > timedelta(0)
        found = {}
        for fabric, position in self._positions.items():
            end = min(position + 3, self._end_at_last[fabric])
            self.ends[fabric] = max(self.ends[fabric], end)
            if end > position:
                found[fabric] = numbered(position, end - position)
                self._positions[fabric] = end
        if not found:
            self._stop.set()
        return found

    def position(self, fabric: str) -> int:
        return self._positions[fabric]

    def end(self, fabric: str) -> int | None:
        return self.ends[fabric]


TOPICS = {"dc1": 10, "dc2": 4}


def test_every_record_reaches_the_job_in_order() -> None:
    stop, job = threading.Event(), Job()
    run(job, Source(TOPICS, 5, stop), list(TOPICS), stop)
    assert {fabric: job.records(fabric) for fabric in TOPICS} == {
        "dc1": content(numbered(0, 15)),
        "dc2": content(numbered(0, 9)),
    }


def test_until_caught_up_means_what_every_topic_held_at_the_start() -> None:
    stop, job = threading.Event(), Job()
    run(job, Source(TOPICS, 1_000, stop), list(TOPICS), stop, until_caught_up=True)
    assert 10 <= len(job.records("dc1")) < 13
    assert len(job.records("dc2")) >= 4


def test_an_empty_topic_is_caught_up_with_at_once() -> None:
    stop, job = threading.Event(), Job()
    run(job, Source({"dc1": 0}, 0, stop), ["dc1"], stop, until_caught_up=True)
    assert job.given == []


def test_asked_to_stop_it_gives_the_job_no_more() -> None:
    stop, job = threading.Event(), Job()
    stop.set()
    run(job, Source(TOPICS, 5, stop), list(TOPICS), stop)
    assert job.given == []


@pytest.mark.parametrize("position", [0, 1, 6, 7, 8, 19, 20, 50])
def test_a_replay_goes_on_from_the_jobs_position(position: int) -> None:
    whole = numbered(0, 20)
    job = Job(position)
    told: list[int] = []
    batches = [cut(whole, 0, 7), cut(whole, 7, 8), cut(whole, 8, 20)]
    replay(job, "dc1", batches, threading.Event(), told.append)
    assert [row for _, batch in job.given for row in content(batch)] == content(whole)[position:]
    assert all(len(batch) for _, batch in job.given)
    assert told == [7, 1, 12]


def test_a_replay_that_is_asked_to_stop_ends_between_batches() -> None:
    stop, job = threading.Event(), Job()
    replay(job, "dc1", [numbered(0, 5), numbered(5, 5)], stop, lambda _: stop.set())
    assert [len(batch) for _, batch in job.given] == [5]
