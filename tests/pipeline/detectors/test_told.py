"""What was said lately, and how a new evaluation differs from it."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detectors import FINDING, SUBJECT, findings
from pipeline.detectors.told import Told

Said = tuple[str, int, str]
"""Device, time and summary."""


def frame(said: Sequence[Said]) -> pl.DataFrame:
    schema = {name: FINDING[name] for name in ("device", "time", "summary")}
    return findings(pl.DataFrame(said, schema=schema, orient="row"))


def concerned(*of: tuple[str, int]) -> pl.DataFrame:
    """Subjects, each with the time from which its findings may have changed."""
    rows = [{**dict.fromkeys(SUBJECT), "device": device, "from": since} for device, since in of]
    return pl.DataFrame(rows, schema={**{name: FINDING[name] for name in SUBJECT}, "from": pl.Int64})


def plain(said: pl.DataFrame) -> list[Any]:
    return sorted(said.select("device", "time", "summary").rows())


def revise(told: Told, said: Sequence[Said], since: int, of: pl.DataFrame | None = None) -> tuple[Any, Any]:
    added, removed = told.revise(frame(said), since, of)
    assert added.schema == removed.schema == FINDING
    return plain(added), plain(removed)


def test_what_is_new_is_added_and_what_is_said_again_is_not() -> None:
    told = Told()

    assert revise(told, [("a", 5, "x")], 0) == ([("a", 5, "x")], [])
    assert revise(told, [("a", 5, "x"), ("b", 6, "y")], 0) == ([("b", 6, "y")], [])


def test_what_is_no_longer_said_is_removed() -> None:
    told = Told()
    revise(told, [("a", 5, "x"), ("b", 6, "y")], 0)

    assert revise(told, [("b", 6, "y")], 0) == ([], [("a", 5, "x")])


def test_what_reads_otherwise_is_replaced() -> None:
    told = Told()
    revise(told, [("a", 5, "x")], 0)

    assert revise(told, [("a", 5, "better")], 0) == ([("a", 5, "better")], [("a", 5, "x")])


def test_what_is_settled_is_neither_added_nor_removed() -> None:
    told = Told()
    revise(told, [("a", 5, "x")], 0)

    assert revise(told, [("b", 9, "old"), ("c", 10, "new")], 10) == ([("c", 10, "new")], [])


def test_of_subjects_that_are_not_concerned_nothing_changes() -> None:
    told = Told()
    revise(told, [("a", 5, "x"), ("b", 5, "y")], 0)

    assert revise(told, [], 0, concerned(("a", 0))) == ([], [("a", 5, "x")])
    assert revise(told, [("b", 6, "z")], 0, concerned(("a", 0))) == ([], [])


def test_of_a_subject_concerned_only_later_findings_change() -> None:
    told = Told()
    revise(told, [("a", 5, "x"), ("a", 8, "y")], 0)

    assert revise(told, [("a", 9, "z")], 0, concerned(("a", 7))) == ([("a", 9, "z")], [("a", 8, "y")])


def test_what_is_kept_for_a_restart_is_what_may_still_change() -> None:
    told = Told()
    revise(told, [("a", 5, "x"), ("a", 15, "y")], 0)

    assert plain(told.dump(10)) == [("a", 15, "y")]


evaluations = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.sampled_from("xy")), unique=True, max_size=6
    ),
    max_size=6,
)


@given(evaluations)
def test_added_and_removed_in_all_are_the_last_evaluation(evaluations: list[list[Said]]) -> None:
    told = Told()
    kept: set[Said] = set()
    for said in evaluations:
        added, removed = revise(told, said, 0)
        assert set(removed) <= kept
        assert kept.isdisjoint(added)
        kept = kept - set(removed) | set(added)

    assert kept == set(evaluations[-1] if evaluations else [])
