"""What the fresh observers of a thing say together."""

from typing import Any

import polars as pl
import pytest

from pipeline.detectors.quorum import coverage, votes
from pipeline.detectors.timeline import PLACE

Row = tuple[str, int, bool | None]
"""Observer, time, value."""


def timeline(rows: list[Row], subject: str | None = None) -> pl.DataFrame:
    data = [
        {"device": device, "time": time, "offset": at, "index": 0, "now": time, "value": value}
        for at, (device, time, value) in enumerate(rows)
    ]
    frame = pl.DataFrame(data, schema={"device": pl.String, **PLACE, "value": pl.Boolean})
    return frame if subject is None else frame.select(pl.lit(subject).alias("thing"), pl.all())


def tally(says: list[Row], fresh: list[Row]) -> list[tuple[Any, ...]]:
    """(time, yes, fresh, stale yes, known) wherever it changed."""
    states = votes(timeline(says, "x"), timeline(fresh), ["thing"])
    return states.select("time", "yes", "fresh", "stale_yes", "known").rows()


def test_fresh_observers_vote() -> None:
    assert tally([("a", 1, True), ("b", 2, False)], [("a", 0, True), ("b", 0, True)])[-1] == (2, 1, 2, 0, 2)


def test_an_observer_that_was_never_fresh_is_blind() -> None:
    assert tally([("a", 1, True)], [])[-1] == (1, 0, 0, 1, 1)


def test_an_observer_that_goes_blind_leaves_both_sides() -> None:
    states = tally([("a", 1, True), ("b", 1, True)], [("a", 0, True), ("b", 0, True), ("a", 5, False)])

    assert states[-1] == (5, 1, 1, 1, 2)


def test_an_observer_that_sees_again_votes_again() -> None:
    fresh: list[Row] = [("a", 0, True), ("a", 5, False), ("a", 9, True)]

    assert tally([("a", 1, True)], fresh)[-1] == (9, 1, 1, 0, 1)


def test_a_fresh_observer_that_never_spoke_of_it_has_no_vote() -> None:
    assert tally([("a", 1, True)], [("a", 0, True), ("b", 0, True)])[-1] == (1, 1, 1, 0, 1)


@pytest.mark.parametrize(("fresh", "expected"), [(0, 0.0), (1, 0.25), (4, 1.0)])
def test_coverage_is_the_share_of_those_who_could_tell(fresh: int, expected: float) -> None:
    assert pl.DataFrame({"fresh": [fresh], "known": [4]}).select(coverage()).item() == expected
