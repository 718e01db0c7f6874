"""Recordings of real fabrics, replayed: what was done to them is found in time, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from duckdb import DuckDBPyConnection

from pipeline.store.opening import look
from tests.recordings import compared
from tests.recordings.expected import REACTION_S, Expected, expected_of
from tests.recordings.variants import VARIANTS, Recordings

pytestmark = pytest.mark.slow

SEEN_S = 3.0
"""A move is known where it ended after one poll at most."""


@dataclass(frozen=True)
class Played:
    """A recording's store and what should be in it."""

    expected: Expected
    store: DuckDBPyConnection


@pytest.fixture(params=VARIANTS, scope="module")
def played(request: pytest.FixtureRequest, recordings: Recordings) -> Iterator[Played]:
    with look(recordings.store(request.param)) as store:
        yield Played(expected_of(recordings.directory(request.param)), store)


def test_each_incident_is_found_in_time_and_no_other(played: Played) -> None:
    found = compared.found_in(played.store, played.expected.start)
    assert found
    assert compared.deviations(played.expected, found) == []


def test_macs_that_flap_are_the_only_ones_of_which_more_than_info_is_said(played: Played) -> None:
    flapping = {
        subject.thing
        for subject, turns in played.expected.turns.items()
        if subject.family in ("mobility", "verdict") and turns
    }
    assert compared.alarmed_in(played.store) == flapping


def test_as_many_moves_are_found_as_were_made(played: Played) -> None:
    made = {mac: times for mac, times in played.expected.moves.items() if times}
    assert compared.moves_in(played.store) == made


def test_each_mac_is_where_it_was_sent(played: Played) -> None:
    start = played.expected.start
    last: dict[object, str] = {}
    for time, mac, vtep in played.expected.whereabouts:
        if time >= SEEN_S:
            assert compared.where(played.store, mac, start + time - 0.5) == [last[mac]]
        assert compared.where(played.store, mac, start + time + SEEN_S) == [vtep]
        last[mac] = vtep
    assert last


def test_a_blip_between_two_polls_is_a_fact_of_carrier_transitions_and_nothing_else(played: Played) -> None:
    start = played.expected.start
    for time, port in played.expected.blips:
        told = compared.transitions(played.store, port, start + time, start + time + REACTION_S)
        assert [(state, count >= 2) for state, count in told] == [("UP", True)]


def test_every_record_was_read_and_understood(played: Played) -> None:
    assert played.store.execute("SELECT count(*) FROM dead_letter").fetchall() == [(0,)]
    odd = "SELECT kind, detail FROM collector_event WHERE kind IN ('hole', 'ignored', 'superseded', 'skew')"
    assert played.store.execute(odd).fetchall() == []
