"""How long rules take, from the first evidence to the incident (rule X5)."""

import duckdb
import pytest

from sql import statements

INCIDENTS = [
    # id, rule it has now, rule it was opened by, seconds until it was detected
    *((f"m{n}", "M2", "M2", float(n)) for n in range(1, 101)),
    ("r1", "R15", "R16", 3.0),
    ("r2", "R16", "R16", 5.0),
]


@pytest.fixture
def store() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for folder in ("ddl", "views"):
        for statement in statements(folder):
            connection.execute(statement)
    for key, rule, opened_by, seconds in INCIDENTS:
        connection.execute(
            "INSERT INTO store.incident BY NAME SELECT 'dc1' AS fabric, ? AS incident_id, ? AS rule,"
            " TIMESTAMPTZ '2026-11-22 03:12:00Z' AS opened_at, opened_at + to_seconds(?) AS detected_at",
            [key, rule, seconds],
        )
        for kind, by in (("opened", opened_by), ("raised", rule), ("resolved", rule)):
            connection.execute(
                "INSERT INTO store.incident_event BY NAME"
                " SELECT 'dc1' AS fabric, ? AS incident_id, ? AS kind, ? AS rule",
                [key, kind, by],
            )
    return connection


def test_a_rule_is_judged_by_the_incidents_that_it_opened(store: duckdb.DuckDBPyConnection) -> None:
    rows = store.sql("SELECT * FROM detection_latency ORDER BY rule").fetchall()
    assert rows == [("dc1", "M2", 100, 50.5, 99.01, 100.0), ("dc1", "R16", 2, 4.0, 4.98, 5.0)]
