from collections.abc import Iterator

import duckdb
import pytest

from sql import statements


@pytest.fixture
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in [*statements("ddl"), *statements("views")]:
            connection.execute(statement)
        yield connection
