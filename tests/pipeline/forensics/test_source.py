"""What is asked about but unknown, or not one thing; queries and their values."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from collectors.errors import InputError
from pipeline.forensics import answers, questions
from pipeline.forensics.answers import Asking
from pipeline.forensics.questions import Query, Span
from pipeline.forensics.source import Source
from sql import statements

MAC = "02:00:00:00:00:01"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two fabrics, each with a device leaf-1 and the same MAC; three incidents of dc1."""
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        for statement in [*statements("ddl"), *statements("views")]:
            made.execute(statement)
        for fabric in ("dc1", "dc2"):
            for device in ("leaf-1", f"spine-{fabric}"):
                made.execute(
                    "INSERT INTO store.collector_event BY NAME SELECT ? AS fabric, ? AS device,"
                    " 'routes' AS family, 'blind_end' AS kind, 1 AS \"offset\", 0 AS \"index\","
                    " TIMESTAMPTZ '2026-01-01 10:00:00Z' AS record_time, record_time AS event_time",
                    [fabric, device],
                )
            made.execute(
                "INSERT INTO store.mac_location_current BY NAME SELECT ? AS fabric, mac_number(?) AS mac,"
                " 10 AS vni, 'v' AS location, 'v' AS vtep, TIMESTAMPTZ '2026-01-01 11:00:00Z' AS valid_from",
                [fabric, MAC],
            )
            made.execute(
                "INSERT INTO store.stream_position BY NAME SELECT ? AS fabric, 't' AS topic,"
                " 1 AS next_offset, TIMESTAMPTZ '2026-01-01 12:00:00Z' AS record_time",
                [fabric],
            )
        for name in ("aaaa1111", "aaaa2222", "bbbb1111"):
            made.execute(
                "INSERT INTO store.incident BY NAME SELECT ? AS incident_id, 'dc1' AS fabric, 'M2' AS rule,"
                " TIMESTAMPTZ '2026-01-01 11:30:00Z' AS opened_at",
                [name],
            )
        yield made


def asked(connection: duckdb.DuckDBPyConnection, *fabrics: str) -> Source:
    return Source(
        lambda query: connection.sql(query.text, params=list(query.values)).pl(), Path("a.db"), fabrics
    )


@pytest.mark.parametrize(
    ("kind", "subject"), [("device", "leaf-1"), ("mac", MAC), ("propagation", MAC), ("vni", "10")]
)
def test_what_several_fabrics_have_must_be_asked_about_in_one(
    connection: duckdb.DuckDBPyConnection, kind: str, subject: str
) -> None:
    with pytest.raises(
        InputError, match="is ambiguous, for fabrics dc1 and dc2 have one each: name yours with"
    ):
        asked(connection).check_known(kind, subject)
    asked(connection, "dc2").check_known(kind, subject)


def test_what_another_fabric_has_is_unknown_here(connection: duckdb.DuckDBPyConnection) -> None:
    asked(connection).check_known("device", "spine-dc2")
    with pytest.raises(
        InputError, match="never heard of device spine-dc2: the nearest are spine-dc1, leaf-1"
    ):
        asked(connection, "dc1").check_known("device", "spine-dc2")
    with pytest.raises(InputError, match="never heard of fabric dc3: there are dc1, dc2"):
        asked(connection, "dc3")


def test_only_what_was_asked_about_is_told(connection: duckdb.DuckDBPyConnection) -> None:
    one = Asking(asked(connection, "dc2"), NOON, UTC, query_only=False)
    rows = answers.about(one, "mac", MAC, (None, None, None)).rows
    assert rows["fabric"].to_list() == ["dc2"]
    state = answers.state(one, "now", None, None)
    assert state.lines == ["dc2 had 1 of mac at 2026-01-01T12:00:00Z"]
    assert {row["fabric"] for row in state.parts["coverage"]} == {"dc2"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("aaaa", "incident aaaa is ambiguous, it may be any of aaaa1111, aaaa2222: give more of its id"),
        ("aaa", "never heard of incident aaa: the nearest are aaaa1111, aaaa2222, bbbb1111"),  # too short
        ("cccc1111", "never heard of incident cccc1111: the nearest are"),
        ("%", "never heard of incident %: the nearest are"),
    ],
)
def test_an_id_must_mean_one_incident(
    connection: duckdb.DuckDBPyConnection, given: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        asked(connection).incident(given)


def test_the_beginning_of_an_id_is_enough(connection: duckdb.DuckDBPyConnection) -> None:
    assert asked(connection).incident("bbbb")["incident_id"] == "bbbb1111"
    with pytest.raises(InputError, match="never heard of incident bbbb: it knows of none at all"):
        asked(connection, "dc2").incident("bbbb")


def test_a_store_without_data_says_so() -> None:
    with duckdb.connect() as empty:
        for statement in [*statements("ddl"), *statements("views")]:
            empty.execute(statement)
        with pytest.raises(InputError, match=r"a\.db holds no data yet"):
            asked(empty).reach()


def test_now_is_the_walls_unless_the_store_is_one_of_the_past(connection: duckdb.DuckDBPyConnection) -> None:
    source = asked(connection)
    assert source.now(NOON.replace(minute=4)) == (NOON.replace(minute=4), None)
    assert source.now(NOON.replace(hour=11)) == (NOON, None)  # a collector's clock is ahead
    now, as_of = source.now(NOON.replace(minute=5))
    assert (now, as_of) == (NOON, "as of 2026-01-01 12:00:00 UTC: the store knows nothing later")


def test_values_are_spelled_as_sql_writes_them() -> None:
    assert Query("FROM f($2, $1, $2)", ("it's", 7)).spelled() == "FROM f(7, 'it''s', 7)"
    query = questions.history("device", "a'; DROP TABLE x; --", Span(NOON, NOON), ["dc'1"])
    assert "DROP" not in query.text
    assert query.spelled().startswith(
        "FROM fabric_at(TIMESTAMPTZ '2026-01-01 12:00:00.000000+00')"
        " WHERE device = 'a''; DROP TABLE x; --' AND fabric IN ('dc''1')"
    )
