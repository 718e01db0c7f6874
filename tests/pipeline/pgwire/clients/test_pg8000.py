import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pg8000.dbapi
import pg8000.exceptions
import pytest

from tests.pipeline.pgwire.clients.served import Served
from tests.pipeline.pgwire.clients.values import NAMES, ROWS, TYPED


@contextmanager
def connected(served: Served) -> Iterator[Any]:  # Any: pg8000 has no types
    connection = pg8000.dbapi.connect(
        served.user, host="localhost", port=served.port, password=served.password, database="fabricscope",
        ssl_context=ssl.create_default_context(cafile=str(served.authority)),
    )  # fmt: skip
    try:
        yield connection
    finally:
        connection.close()


def test_values_of_all_types_arrive(served: Served) -> None:
    with connected(served) as connection:
        cursor = connection.cursor()
        cursor.execute(TYPED)
        assert [column[0] for column in cursor.description] == NAMES
        assert [list(row) for row in cursor.fetchall()] == ROWS
        connection.rollback()


def test_parameters_are_taken(served: Served) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    with connected(served) as connection:
        cursor = connection.cursor()
        cursor.execute("select count(*) from incident where opened_at < %s and rule = %s", (moment, "M1"))
        assert cursor.fetchone() == [served.incidents_before(moment, "M1")]
        cursor.execute("select cast(%s as int), cast(%s as text), %s", (3, None, "it's"))
        assert [list(row) for row in cursor.fetchall()] == [[3, None, "it's"]]


def test_errors_are_told_and_the_session_goes_on(served: Served) -> None:
    with connected(served) as connection:
        cursor = connection.cursor()
        with pytest.raises(pg8000.exceptions.DatabaseError) as raised:
            cursor.execute("select * from nope")
        assert raised.value.args[0]["C"] == "42P01"
        connection.rollback()
        cursor.execute("select 1")
        assert list(cursor.fetchone()) == [1]
