"""Questions as SQL, on rows made for them."""

import ipaddress
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sql import statements

DAY = "2026-01-01 12:"


@pytest.fixture(scope="module")
def numbers() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for statement in statements("views"):
            if "MACRO main.mac_number" in statement or "MACRO main.ipv4_number" in statement:
                connection.execute(statement)
        yield connection


def one(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> object:
    (row,) = connection.execute(query, list(values)).fetchall()
    return row[0]


@given(mac=st.integers(0, 2**48 - 1), form=st.sampled_from(["{}:{}:{}:{}:{}:{}", "{}-{}-{}-{}-{}-{}",
       "{}{}.{}{}.{}{}", "{}{}{}{}{}{}"]), upper=st.booleans())  # fmt: skip
def test_a_mac_is_read_however_it_is_written(
    numbers: duckdb.DuckDBPyConnection, mac: int, form: str, upper: bool
) -> None:
    digits = f"{mac:012X}" if upper else f"{mac:012x}"
    text = form.format(*(digits[at : at + 2] for at in range(0, 12, 2)))
    assert one(numbers, "SELECT mac_number(?)", text) == mac


@given(text=st.from_regex(r"[0-9a-g:.-]{0,18}", fullmatch=True))
def test_what_is_no_mac_is_null(numbers: duckdb.DuckDBPyConnection, text: str) -> None:
    found = one(numbers, "SELECT mac_number(?)", text)
    digits = "".join(char for char in text if char not in ":.-")
    assert found is None or (len(digits) == 12 and int(digits, 16) == found)


@given(address=st.ip_addresses(v=4))
def test_an_ipv4_address_is_read(numbers: duckdb.DuckDBPyConnection, address: ipaddress.IPv4Address) -> None:
    assert one(numbers, "SELECT ipv4_number(?)", str(address)) == 0xFFFF_0000_0000 + int(address)


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.1.", "10.0.0.1.2", "::1", "a.b.c.d", " 10.0.0.1"]
)
def test_what_is_no_ipv4_address_is_null(numbers: duckdb.DuckDBPyConnection, text: str) -> None:
    assert one(numbers, "SELECT ipv4_number(?)", text) is None


@pytest.fixture
def watched(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """l1 is blind from 12:10 to 12:20; l2 begins at 12:00 and is taken out of service at 12:30."""
    empty.execute(
        """
        INSERT INTO store.collector_event BY NAME
        SELECT 'dc1' AS fabric, t."offset", row_number() OVER ()::INTEGER AS "index", t.device,
            'link' AS family, t.kind, t.detail,
            ('2026-01-01 12:' || t.minute || 'Z')::TIMESTAMPTZ AS event_time,
            event_time AS record_time
        FROM (VALUES
            (1, 'l1', 'blind_end', '00:00', ''),
            (2, 'l2', 'blind_end', '00:00', ''),
            (3, 'l1', 'end', '10:00', 'cut'),
            (3, 'l1', 'blind_begin', '10:00', ''),
            (4, 'l1', 'blind_end', '20:00', ''),
            (5, 'l2', 'end', '30:00', 'removed from the inventory'),
            (5, 'l2', 'blind_begin', '30:00', '')
        ) AS t("offset", device, kind, minute, detail)
        """
    )
    return empty


@pytest.mark.parametrize(
    ("since", "until", "observers", "part"),
    [
        ("00:00", "10:00", 2, 1.0),
        ("10:00", "20:00", 2, 0.5),
        ("05:00", "15:00", 2, 0.75),
        ("09:59", "09:59", 2, 1.0),  # a moment
        ("10:00", "10:00", 2, 0.5),
        ("20:00", "20:00", 2, 1.0),
        ("30:00", "40:00", 1, 1.0),  # who is out of service is not blind
    ],
)
def test_coverage_is_the_part_of_the_observers_time_that_was_watched(
    since: str, until: str, observers: int, part: float, watched: duckdb.DuckDBPyConnection
) -> None:
    times = [f"{DAY}{since}Z", f"{DAY}{until}Z"]
    rows = watched.execute("SELECT family, observers, coverage FROM coverage(?, ?)", times).fetchall()
    assert rows == [("link", observers, part)]
    assert one(watched, "SELECT coverage_between('dc1', 'link', ?, ?)", *times) == part


def test_before_anybody_watched_coverage_is_unknown(watched: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT coverage_between('dc1', 'link', '2026-01-01 10:00Z', '2026-01-01 11:00Z')"
    assert one(watched, query) is None


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("00:00", "09:59", []),
        ("00:00", "15:00", [("l1", 300.0, True, "end", "cut")]),
        ("12:00", "50:00", [("l1", 480.0, False, "end", "cut")]),
        ("20:00", "50:00", []),
    ],
)
def test_blind_intervals_are_cut_to_the_range(
    since: str, until: str, expected: list[object], watched: duckdb.DuckDBPyConnection
) -> None:
    query = "SELECT device, seconds, ongoing, why, detail FROM blind_intervals(?, ?)"
    assert watched.execute(query, [f"{DAY}{since}Z", f"{DAY}{until}Z"]).fetchall() == expected


def link(store: duckdb.DuckDBPyConnection, begin: str, end: str | None, state: str, port: str = "e1") -> None:
    """Tell that a port had a state from one minute to another, or still has it."""
    table, closed = "link_current", ""
    if end is not None:
        table, closed = "link_history", ", ($4 || 'Z')::TIMESTAMPTZ AS valid_to"
    values = [port, state, DAY + begin] + ([DAY + end] if end is not None else [])
    store.execute(
        f"INSERT INTO store.{table} BY NAME SELECT 'dc1' AS fabric, 'l1' AS device, $1 AS interface,"
        f" $2 AS oper_status, ($3 || 'Z')::TIMESTAMPTZ AS valid_from {closed}",
        values,
    )


DIFF = (
    "SELECT interface, change, before->>'oper_status', after->>'oper_status', strftime(happened, '%M')"
    f" FROM fabric_diff('{DAY}10:00Z', '{DAY}20:00Z')"
)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([("00:00", None, "UP")], []),
        ([("00:00", "10:00", "UP"), ("10:00", None, "DOWN")], []),  # it was so at t1
        ([("00:00", "10:01", "UP"), ("10:01", None, "DOWN")], [("e1", "changed", "UP", "DOWN", "10")]),
        ([("00:00", "20:00", "UP"), ("20:00", None, "DOWN")], [("e1", "changed", "UP", "DOWN", "20")]),
        ([("00:00", "20:01", "UP"), ("20:01", None, "DOWN")], []),  # not yet at t2
        ([("00:00", "11:00", "UP"), ("11:00", "12:00", "DOWN"), ("12:00", None, "UP")], []),  # and back
        ([("00:00", "11:00", "UP")], [("e1", "removed", "UP", None, "11")]),
        ([("11:00", None, "UP")], [("e1", "added", None, "UP", "11")]),
        ([("11:00", "12:00", "UP")], []),  # came and went
    ],
)
def test_the_difference_of_two_times(
    states: list[tuple[str, str | None, str]], expected: list[object], empty: duckdb.DuckDBPyConnection
) -> None:
    for begin, end, state in states:
        link(empty, begin, end, state)
    assert empty.execute(DIFF).fetchall() == expected


def test_changes_tell_each_step_and_what_was_before_it(empty: duckdb.DuckDBPyConnection) -> None:
    states = ["UP", "DOWN", "UP", "DOWN"]
    times = ["00:00", "10:00", "12:00", "20:00", None]
    for begin, end, state in zip(times, times[1:], states, strict=False):
        assert begin is not None
        link(empty, begin, end, state)
    query = (
        "SELECT strftime(happened, '%M'), change, before->>'oper_status', after->>'oper_status'"
        f" FROM changes('{DAY}10:00Z', '{DAY}20:00Z') ORDER BY happened"
    )
    assert empty.execute(query).fetchall() == [
        ("12", "changed", "DOWN", "UP"),
        ("20", "changed", "UP", "DOWN"),
    ]


def test_before_an_incident_only_its_fabric_and_time_count(empty: duckdb.DuckDBPyConnection) -> None:
    link(empty, "10:00", None, "UP", "early")
    link(empty, "16:00", None, "UP", "e1")
    link(empty, "20:01", None, "UP", "late")
    link(empty, "17:00", None, "UP", "elsewhere")
    empty.execute("UPDATE store.link_current SET fabric = 'dc2' WHERE interface = 'elsewhere'")
    empty.execute(
        "INSERT INTO store.incident BY NAME SELECT 'abc' AS incident_id, 'dc1' AS fabric,"
        f" '{DAY}20:00Z'::TIMESTAMPTZ AS opened_at"
    )
    query = "SELECT interface, seconds_before FROM changes_before('abc', INTERVAL 5 MINUTE)"
    assert empty.execute(query).fetchall() == [("e1", 240.0)]
    assert empty.execute("FROM changes_before('unknown', INTERVAL 5 MINUTE)").fetchall() == []
