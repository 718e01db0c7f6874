"""A device that says nothing with its sessions up is as blind as one whose session was cut."""

import duckdb
import pytest

LAST, AGAIN = "2026-01-01T12:10:00.000000Z", "2026-01-01T12:15:00.000000Z"


@pytest.fixture
def store(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """l1 and l2 are watched from 12:00 on; the session of l2 is cut from 12:20 to 12:30."""
    empty.execute(
        """
        INSERT INTO store.collector_event BY NAME
        SELECT 'dc1' AS fabric, t."offset", 0 AS "index", t.device, family, t.kind,
            ('2026-01-01 12:' || t.minute || 'Z')::TIMESTAMPTZ AS event_time, event_time AS record_time
        FROM (VALUES
            (1, 'l1', 'blind_end', '00:00'), (2, 'l2', 'blind_end', '00:00'),
            (3, 'l2', 'blind_begin', '20:00'), (4, 'l2', 'blind_end', '30:00')
        ) AS t("offset", device, kind, minute), (VALUES ('link'), ('routes')) AS f(family)
        """
    )
    return empty


def silence(store: duckdb.DuckDBPyConnection, device: str, last: str, again: str | None) -> None:
    """As X1 tells of it: one finding that it began, one that it is over."""
    for offset, (active, heard) in enumerate([(True, None), *([(False, again)] if again else [])]):
        store.execute(
            "INSERT INTO store.finding BY NAME SELECT 'dc1' AS fabric, $1 AS \"offset\", 'X1' AS rule,"
            " $2 AS active, $3 AS device, to_json({'last_heard': $4, 'heard_again': $5})::VARCHAR"
            " AS evidence",
            [offset, active, device, last, heard],
        )


def coverage(store: duckdb.DuckDBPyConnection, since: str, until: str) -> list[tuple[int, int, float]]:
    times = [f"2026-01-01 12:{minute}:00Z" for minute in (since, until)]
    rows = store.execute(
        "SELECT observers, blind, coverage, coverage_between('dc1', family, $1, $2) FROM coverage($1, $2)",
        times,
    ).fetchall()
    assert len(rows) == 2  # silent in all families alike
    assert {row[2] for row in rows} == {row[3] for row in rows}
    return [row[:3] for row in rows[:1]]


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("00", "10", (2, 0, 1.0)),
        ("10", "15", (2, 1, 0.5)),
        ("00", "20", (2, 1, 0.875)),
        ("15", "20", (2, 0, 1.0)),
        ("10", "30", (2, 2, 0.625)),  # a silence of the one, a cut session of the other
        ("12", "12", (2, 1, 0.5)),
        ("15", "15", (2, 0, 1.0)),  # half open: it is heard again
    ],
)
def test_silence_counts_as_blindness(
    store: duckdb.DuckDBPyConnection, since: str, until: str, said: tuple[int, int, float]
) -> None:
    silence(store, "l1", LAST, AGAIN)
    assert coverage(store, since, until) == [said]


def test_a_silence_that_lasts_counts_up_to_the_end(store: duckdb.DuckDBPyConnection) -> None:
    silence(store, "l1", LAST, None)
    assert coverage(store, "00", "20") == [(2, 1, 0.75)]


def test_a_silence_within_a_cut_session_is_not_counted_twice(store: duckdb.DuckDBPyConnection) -> None:
    silence(store, "l2", "2026-01-01T12:20:00Z", "2026-01-01T12:25:00Z")
    assert coverage(store, "20", "30") == [(2, 1, 0.5)]


def test_two_silences_are_two_spans(store: duckdb.DuckDBPyConnection) -> None:
    silence(store, "l1", LAST, AGAIN)
    silence(store, "l1", "2026-01-01T12:16:00Z", "2026-01-01T12:17:00Z")
    rows = store.execute(
        "SELECT state, strftime(span_from, '%M'), strftime(span_to, '%M') FROM store.observer_spans()"
        " WHERE device = 'l1' AND family = 'link' ORDER BY span_from"
    ).fetchall()
    assert rows == [
        ("watched", "00", "10"),
        ("blind", "10", "15"),
        ("watched", "15", "16"),
        ("blind", "16", "17"),
        ("watched", "17", None),
    ]


def test_blind_intervals_tell_of_silences(store: duckdb.DuckDBPyConnection) -> None:
    silence(store, "l1", LAST, AGAIN)
    rows = store.execute(
        "SELECT device, family, seconds, why, ongoing FROM"
        " blind_intervals('2026-01-01 12:12:00Z', '2026-01-01 12:25:00Z') ORDER BY ALL"
    ).fetchall()
    assert rows == [
        ("l1", None, 180.0, "silence", False),
        ("l2", "link", 300.0, None, True),
        ("l2", "routes", 300.0, None, True),
    ]
