import asyncio
from collections.abc import Callable, Iterator

import duckdb
import pytest

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.parser import Admitted, Parser

VIEWS = """
CREATE SCHEMA store;
CREATE TABLE store.incident
    (incident_id VARCHAR, fabric VARCHAR, rule VARCHAR, name VARCHAR, opened_at TIMESTAMPTZ);
CREATE VIEW incident AS FROM store.incident;
CREATE VIEW incident_event AS SELECT incident_id, opened_at AS event_time, rule FROM store.incident;
CREATE VIEW finding AS SELECT fabric, opened_at AS event_time FROM store.incident;
CREATE MACRO mac_text(mac) AS printf('%012x', mac);
"""


@pytest.fixture(scope="session")
def views() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database whose tables are behind views, as a store's are."""
    with duckdb.connect() as connection:
        connection.execute(VIEWS)
        yield connection


@pytest.fixture(scope="session")
def allowed(views: duckdb.DuckDBPyConnection) -> Allowed:
    """Return the names of the views."""
    names = views.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    return Allowed({"main": frozenset(name for (name,) in names)})


@pytest.fixture(scope="session")
def admit(allowed: Allowed) -> Iterator[Callable[[str], list[Admitted]]]:
    with asyncio.Runner() as runner:
        parser = Parser()
        yield lambda query: runner.run(parser.admit(query, allowed))
        runner.run(parser.__aexit__())
