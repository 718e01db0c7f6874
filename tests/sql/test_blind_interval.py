"""View blind_interval: from the last record before to the sync behind."""

import duckdb

from collectors.records import RETIRED

Row = tuple[object, ...]


def happened(store: duckdb.DuckDBPyConnection, *events: tuple[int, int, str, str, str, str]) -> None:
    """Store events of leaf l1: (offset, index, family, kind, event time, record time), times as seconds.

    Kind ``retired``: an end after which nobody expects to hear of the target.
    """
    for offset, index, family, kind, event_time, record_time in events:
        told, detail = (kind, f"why of {kind}") if kind != "retired" else ("end", RETIRED)
        store.execute(
            "INSERT INTO store.collector_event BY NAME SELECT 'dc1' AS fabric, $1 AS \"offset\","
            " $2 AS \"index\", 'l1' AS device, $3 AS family, $4 AS kind, $7 AS detail,"
            " ('2026-01-01 00:00:' || $5 || 'Z')::TIMESTAMPTZ AS event_time,"
            " ('2026-01-01 00:00:' || $6 || 'Z')::TIMESTAMPTZ AS record_time",
            [offset, index, family, told, event_time, record_time, detail],
        )


def intervals(store: duckdb.DuckDBPyConnection) -> list[Row]:
    return store.sql(
        "SELECT family, strftime(blind_from, '%S'), strftime(blind_to, '%S'), why FROM main.blind_interval"
        " ORDER BY blind_from"
    ).fetchall()


def test_a_session_without_an_end_was_blind_from_its_last_record_on(empty: duckdb.DuckDBPyConnection) -> None:
    happened(
        empty,
        (1, 0, "mac", "start", "01", "01"),
        (2, 0, "mac", "blind_end", "02", "02"),
        (9, 0, "mac", "superseded", "30", "30"),
        (9, 1, "mac", "blind_begin", "12", "30"),
        (9, 2, "mac", "start", "30", "30"),
        (11, 0, "mac", "sync", "33", "33"),
        (11, 1, "mac", "blind_end", "33", "33"),
    )
    assert intervals(empty) == [("mac", "12", "33", "superseded")]


def test_an_interval_that_goes_on_has_no_end_and_other_families_do_not_end_it(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    happened(
        empty,
        (5, 0, "mac", "end", "05", "05"),
        (5, 1, "mac", "blind_begin", "05", "05"),
        (6, 0, "es", "blind_end", "06", "06"),
    )
    assert intervals(empty) == [("mac", "05", None, "end")]


def test_a_hole_is_why(empty: duckdb.DuckDBPyConnection) -> None:
    happened(empty, (5, 0, "mac", "hole", "05", "05"), (5, 1, "mac", "blind_begin", "04", "05"))
    assert intervals(empty) == [("mac", "04", None, "hole")]


def test_a_target_that_is_taken_out_of_service_is_not_blind(empty: duckdb.DuckDBPyConnection) -> None:
    happened(
        empty,
        (2, 0, "mac", "blind_end", "02", "02"),
        (5, 0, "mac", "retired", "05", "05"),
        (5, 1, "mac", "blind_begin", "05", "05"),
    )
    assert intervals(empty) == []


def test_who_was_blind_before_is_no_more_once_out_of_service(empty: duckdb.DuckDBPyConnection) -> None:
    happened(
        empty,
        (2, 0, "mac", "blind_end", "02", "02"),
        (5, 0, "mac", "end", "05", "05"),
        (5, 1, "mac", "blind_begin", "05", "05"),
        (9, 0, "mac", "retired", "09", "09"),
        (12, 0, "mac", "start", "12", "12"),
        (13, 0, "mac", "blind_end", "13", "13"),
        (20, 0, "mac", "hole", "20", "20"),
        (20, 1, "mac", "blind_begin", "19", "20"),
    )
    assert intervals(empty) == [("mac", "05", "09", "end"), ("mac", "19", None, "hole")]
