import math
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from psycopg import pq

from tests.pipeline.pgwire.clients.served import ENDLESS, Served
from tests.pipeline.pgwire.clients.values import LAST, NAMES, OIDS, ROWS, TYPED

FORMATS = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])


@FORMATS
def test_values_of_all_types_arrive(served: Served, binary: bool) -> None:
    with psycopg.connect(served.dsn) as connection, connection.cursor(binary=binary) as cursor:
        cursor.execute(TYPED)
        assert cursor.description is not None
        assert [column.name for column in cursor.description] == NAMES
        assert [column.type_code for column in cursor.description] == OIDS
        rows = [list(row) for row in cursor.fetchall()]
        assert rows == ROWS
        assert (
            math.copysign(1, rows[-1][NAMES.index("f8")]) == math.copysign(1, LAST[NAMES.index("f8")]) == -1
        )


@FORMATS
def test_parameters_are_taken(served: Served, binary: bool) -> None:
    values = (True, 7, 1 << 40, 1.5, Decimal("1.50"), "it's", date(2026, 1, 2), UUID(int=7), [1, 2], None)
    one = "%b" if binary else "%t"
    given = ", ".join(f"{one}::numeric(9,2)" if isinstance(value, Decimal) else one for value in values)
    with psycopg.connect(served.dsn) as connection:
        assert connection.execute(f"select {given}", values).fetchone() == (*values[:8], [1, 2], None)
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        ours = connection.execute(
            "select count(*) from incident where opened_at < %s and rule = %s", (moment, "M1")
        )
        assert ours.fetchone() == (served.incidents_before(moment, "M1"),)


@FORMATS
def test_infinity_and_nan_are_told(served: Served, binary: bool) -> None:
    query = "select 'nan'::double, '-infinity'::double, 'infinity'::timestamp::text, '-infinity'::date::text"
    with psycopg.connect(served.dsn) as connection, connection.cursor(binary=binary) as cursor:
        row = cursor.execute(query).fetchone()
        assert row is not None
        assert math.isnan(row[0])
        assert row[1:] == (-math.inf, "infinity", "-infinity")


def test_statements_are_prepared_and_run_again(served: Served) -> None:
    with psycopg.connect(served.dsn) as connection:
        found = [connection.execute("select %s::int + 1", (n,), prepare=True).fetchone() for n in range(5)]
    assert found == [(n + 1,) for n in range(5)]


def test_a_cursor_of_the_server_is_read_in_parts(served: Served) -> None:
    with psycopg.connect(served.dsn) as connection, connection.cursor("part") as cursor:
        cursor.itersize = 100
        cursor.execute("select range from range(%s)", (1050,))
        assert [n for (n,) in cursor] == list(range(1050))


def test_a_cursor_is_moved_and_fetched_from(served: Served) -> None:
    with psycopg.connect(served.dsn) as connection:
        connection.execute("declare part no scroll cursor for select range from range(10)")
        assert connection.execute("fetch 3 from part").fetchall() == [(0,), (1,), (2,)]
        assert connection.execute("fetch forward 2 from part").fetchall() == [(3,), (4,)]
        found = connection.execute("fetch all from part")
        assert (found.fetchall(), found.statusmessage) == ([(5,), (6,), (7,), (8,), (9,)], "FETCH 5")
        assert connection.execute("close part").statusmessage == "CLOSE CURSOR"


def test_a_pipeline_answers_each_and_ends_at_an_error(served: Served) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        with connection.pipeline():
            found = [connection.execute("select %s::int", (n,)) for n in range(20)]
        assert [cursor.fetchone() for cursor in found] == [(n,) for n in range(20)]
        with pytest.raises(psycopg.errors.UndefinedTable), connection.pipeline():
            connection.execute("select * from nope")
        assert connection.execute("select 2").fetchone() == (2,)


def test_transactions_begin_end_and_fail(served: Served) -> None:
    with psycopg.connect(served.dsn) as connection:
        connection.execute("select 1")
        states = [connection.info.transaction_status]
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select * from nope")
        states.append(connection.info.transaction_status)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("select 1")
        connection.rollback()
        states.append(connection.info.transaction_status)
        of = pq.TransactionStatus
        assert states == [of.INTRANS, of.INERROR, of.IDLE]
        assert connection.execute("select 1").fetchone() == (1,)


def test_command_tags_are_postgresql_s(served: Served) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        tags = [
            connection.execute(query).statusmessage
            for query in ("select 1", "select range from range(3)", "values (1), (2)", "from range(2)",
                          "explain select 1", "show server_version", "set application_name = 'x'",
                          "reset all",
                          "begin", "commit", "begin", "rollback", "discard all")
        ]  # fmt: skip
    assert tags == ["SELECT 1", "SELECT 3", "SELECT 2", "SELECT 2", "EXPLAIN", "SHOW", "SET", "RESET",
                    "BEGIN", "COMMIT", "BEGIN", "ROLLBACK", "DISCARD ALL"]  # fmt: skip


def test_several_statements_answer_each(served: Served) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        cursor = connection.execute("select 1; select 2, 3; select 4 where false")
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
    assert found == [[(1,)], [(2, 3)], []]


def test_no_statement_is_an_empty_query(served: Served) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        for query in ("", "-- ping", ";"):
            result = connection.pgconn.exec_(query.encode())
            assert result.status == pq.ExecStatus.EMPTY_QUERY


ERRORS = [
    ("select * from incidnt", "42P01", 15),
    ("select nope from incident", "42703", 8),
    ("select 1 +", "42601", None),
    ("select nope(1)", "42883", 8),
    ("select 'x'::int", "22P02", None),
    ("select * from read_text('/etc/passwd')", "42501", None),
    ("copy incident to '/tmp/x'", "25006", None),
    ("select error('x')", "22000", None),
    ("select 1;\nselect 'é',\n  nope from incident", "42703", 25),
    ("select " + "(" * 60_000, "54001", None),
    ("select '" + "x" * 70_000 + "'", "54000", None),
]


@pytest.mark.parametrize(("query", "sqlstate", "position"), ERRORS, ids=[query[:40] for query, *_ in ERRORS])
def test_errors_have_their_sqlstate_and_place(
    served: Served, query: str, sqlstate: str, position: int | None
) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as raised:
            connection.execute(query)
        assert raised.value.sqlstate == sqlstate, str(raised.value)
        assert raised.value.diag.severity == "ERROR"
        if position is not None:
            assert raised.value.diag.statement_position == str(position)
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_query_is_canceled_and_the_session_goes_on(served: Served) -> None:
    with psycopg.connect(served.dsn, autocommit=True) as connection:
        timer = threading.Timer(0.3, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        timer.join()
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sslmode": "disable"}, "TLS"),
        ({"password": "wrong"}, "password"),
        ({"user": "nobody"}, "password"),
        ({"password": ""}, "password"),
    ],
    ids=str,
)
def test_who_may_not_in_is_told_and_nothing_more(served: Served, changed: dict[str, str], said: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=said):
        psycopg.connect(served.dsn, **changed)  # type: ignore[arg-type] # strings


def test_channel_binding_can_be_required(served: Served) -> None:
    with psycopg.connect(served.dsn, channel_binding="require") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
