import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.pipeline.pgwire.clients.served import ENDLESS, Served
from tests.pipeline.pgwire.clients.values import NAMES, ROWS, TYPED


def ask(served: Served, asked: Callable[[Any], Awaitable[Any]]) -> Any:  # Any: asyncpg has no types
    async def run() -> Any:
        connection = await asyncpg.connect(
            host="localhost", port=served.port, user=served.user, password=served.password,
            database="fabricscope", ssl=ssl.create_default_context(cafile=str(served.authority)),
        )  # fmt: skip
        try:
            return await asked(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_values_of_all_types_arrive(served: Served) -> None:
    rows = ask(served, lambda connection: connection.fetch(TYPED))
    assert list(rows[0].keys()) == NAMES
    json = NAMES.index("j")
    found = [list(row.values()) for row in rows]
    assert [row[json] for row in found] == ['{"a":1}', None, "null"]  # asyncpg leaves it as text
    assert [row[:json] + row[json + 1 :] for row in found] == [row[:json] + row[json + 1 :] for row in ROWS]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 3), ("bigint", 1 << 40), ("bool", True), ("float8", 1.5), ("numeric(9,2)", Decimal("1.50")),
        ("text", "it's"), ("date", date(2026, 1, 2)), ("uuid", UUID(int=7)), ("int[]", [1, 2]),
        ("text[]", ["a", None]), ("timestamptz", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)), ("text", None),
    ],
)  # fmt: skip
def test_parameters_are_taken_as_they_are_cast(served: Served, kind: str, value: object) -> None:
    assert ask(served, lambda connection: connection.fetchval(f"select $1::{kind}", value)) == value


def test_parameters_are_taken_as_the_columns_they_are_compared_with(served: Served) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    query = "select count(*) from incident where opened_at < $1 and rule = $2"
    found = ask(served, lambda connection: connection.fetchval(query, moment, "M1"))
    assert found == served.incidents_before(moment, "M1")


def test_prepared_statements_tell_their_types(served: Served) -> None:
    async def asked(connection: Any) -> tuple[list[str], list[str]]:
        statement = await connection.prepare("select vni, opened_at from incident where vni = $1 limit $2")
        assert await statement.fetch(1, 2) == []
        return (
            [str(column.type.name) for column in statement.get_attributes()],
            [str(parameter.name) for parameter in statement.get_parameters()],
        )

    assert ask(served, asked) == (["int8", "timestamptz"], ["int8", "int8"])


def test_cursors_are_read_in_parts(served: Served) -> None:
    async def asked(connection: Any) -> list[int]:
        async with connection.transaction(readonly=True):
            return [row[0] async for row in connection.cursor("select range from range(1050)", prefetch=100)]

    assert ask(served, asked) == list(range(1050))


def test_settings_and_codecs_are_had(served: Served) -> None:
    async def asked(connection: Any) -> Any:
        assert connection.get_server_version().major == 15
        await connection.set_type_codec("json", encoder=str, decoder=len, schema="pg_catalog")
        await connection.reset()
        return await connection.fetchval("select '[1]'::json")

    assert ask(served, asked) == len("[1]")


def test_errors_are_those_of_postgresql_and_the_session_goes_on(served: Served) -> None:
    async def asked(connection: Any) -> Any:
        for query, error in (
            ("select * from nope", asyncpg.UndefinedTableError),
            ("select nope from incident", asyncpg.UndefinedColumnError),
            ("select 1 +", asyncpg.PostgresSyntaxError),
            ("select * from read_text('/etc/passwd')", asyncpg.InsufficientPrivilegeError),
            ("drop view incident", asyncpg.ReadOnlySQLTransactionError),
        ):
            with pytest.raises(error):
                await connection.fetch(query)
        return await connection.fetchval("select 1")

    assert ask(served, asked) == 1


def test_a_timeout_cancels_what_runs(served: Served) -> None:
    async def asked(connection: Any) -> Any:
        with pytest.raises(TimeoutError):
            await connection.fetch(ENDLESS, timeout=0.3)
        return await connection.fetchval("select 1")

    assert ask(served, asked) == 1
