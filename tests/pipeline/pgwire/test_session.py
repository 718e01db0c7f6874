"""What clients say, well and badly, and what they are answered; real clients ask in clients/."""

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from pipeline.pgwire import oids, session
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.service import Service
from pipeline.store import Store
from tests.pipeline.pgwire import raw, serving
from tests.pipeline.pgwire.raw import SYNC, Raw, bind, close, describe, execute, parse, query

LIMITS = Limits(seconds=20.0, rows=5_000, result_bytes=1 << 20, query_bytes=512 << 20, connections=6)

FORBIDDEN = (
    "COPY incident TO '/tmp/x'",
    "EXPLAIN ANALYZE SELECT 1",
    "FROM read_text('/etc/passwd')",
    "FROM '/etc/passwd'",
    "ATTACH '/tmp/x'",
    "PRAGMA database_list",
    "SET GLOBAL threads = 1",
    "FROM store.incident",
    "FROM store_file.store.incident",
    "SELECT * FROM duckdb_settings()",
    "CALL enable_logging()",
    "LOAD httpfs",
    "CHECKPOINT",
    "CREATE TABLE x (a int)",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "LISTEN x",
    "WITH x AS (DELETE FROM incident RETURNING *) FROM x",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("served")
    with (
        closing(Store.open(folder / "store")) as store,
        serving.served(store.reader, folder, LIMITS, noc="", lab="lab") as service,
    ):
        with closing(store.reader()) as writer:
            writer.execute(
                "INSERT INTO store.stream_position SELECT fabric, 'topic', 7, now(), NULL"
                " FROM (VALUES ('lab'), ('dc1')) t(fabric)"
            )
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Raw]:
    with Raw(service.port, password=serving.PASSWORD) as client:
        yield client


def connect(service: Service, user: str = "noc", password: str = serving.PASSWORD) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=service.port, user=user, password=password, sslmode="disable", autocommit=True
    )


def test_the_server_says_what_it_is(client: Raw) -> None:
    assert client.status["server_encoding"] == "UTF8"
    assert client.status["default_transaction_read_only"] == "on"
    assert len(client.key) == 4


def test_a_simple_query_is_answered_a_statement_at_a_time(client: Raw) -> None:
    assert client.asked(query("SELECT 1; SELECT 2; BEGIN")) == "TDCTDCCZT"
    assert client.asked(query(" -- nothing")) == "IZT"
    assert client.asked(query("SELECT 1; nonsense; SELECT 2")) == "EZE"
    assert client.asked(query("SELECT 1")) == "EZE"
    assert client.asked(query("COMMIT")) == "CZI"


def test_none_runs_unless_all_may(client: Raw) -> None:
    assert client.asked(query("SELECT 1; COPY incident TO '/tmp/x'")) == "EZI"


def test_a_portal_goes_on_where_it_was(client: Raw) -> None:
    said = (
        parse("SELECT range FROM range(5)"),
        bind(),
        execute(rows=2),
        execute(rows=2),
        execute(rows=2),
        SYNC,
    )
    assert client.asked(*said) == "12DDsDDsDCZI"
    rows = (parse("SELECT range FROM range(2)"), bind(), execute(rows=2), execute(rows=2), SYNC)
    assert client.asked(*rows) == "12DDCCZI"


def test_portals_end_with_their_transaction(client: Raw) -> None:
    client.asked(parse("SELECT 1"), bind(portal="p"), SYNC)
    assert client.error(execute("p")) == "34000"
    client.asked(SYNC)
    client.asked(query("BEGIN"))
    client.asked(parse("SELECT 1"), bind(portal="p"), SYNC)
    assert client.asked(execute("p"), SYNC) == "DCZT"
    client.asked(query("COMMIT"))
    assert client.error(execute("p")) == "34000"


def test_after_an_error_nothing_is_read_until_sync(client: Raw) -> None:
    said = parse("SELECT nope"), bind(), execute(), parse("SELECT 1"), bind(), execute(), SYNC
    assert client.asked(*said) == "12EZI"
    assert client.asked(parse("SELECT 1"), bind(), execute(), SYNC) == "12DCZI"


def test_statements_are_described_before_they_have_values(client: Raw) -> None:
    client.send(
        parse("SELECT $1 + 1 AS n, fabric FROM stream_position WHERE next_offset = $2", types=[oids.INT4])
    )
    client.send(describe("S"), SYNC)
    found = dict(client.until("Z"))
    assert struct.unpack("!HII", found["t"]) == (2, oids.INT4, oids.INT8)
    columns = found["T"]
    assert columns[:2] == struct.pack("!H", 2)
    assert columns[2:].startswith(b"n\0" + struct.pack("!IhI", 0, 0, oids.INT4))
    assert (
        client.asked(bind(struct.pack("!i", 4), struct.pack("!q", 7), binary=True), execute(), SYNC)
        == "2DDCZI"
    )
    assert client.error(bind(b"1"), SYNC) == "08P01"


def test_names_are_used_once_until_they_are_closed(client: Raw) -> None:
    client.asked(parse("SELECT 1", "s"), SYNC)
    assert client.error(parse("SELECT 2", "s"), SYNC) == "42P05"
    client.until("Z")
    assert client.asked(close("S", "s"), close("S", "s"), parse("SELECT 2", "s"), SYNC) == "331ZI"
    assert client.asked(query("DEALLOCATE s; DISCARD ALL")) == "CCZI"
    assert client.error(bind(name="s"), SYNC) == "26000"


def test_an_answer_over_the_limit_is_an_error_and_no_piece_of_it(client: Raw) -> None:
    assert client.asked(query(f"FROM range({LIMITS.rows})")).count("D") == LIMITS.rows
    assert client.asked(query(f"FROM range({LIMITS.rows + 1})")) == "EZI"
    assert client.error(query(f"FROM range({LIMITS.rows + 1})")) == "54000"
    client.until("Z")
    assert client.error(query("SELECT repeat('x', 3000) FROM range(400)")) == "54000"
    client.until("Z")
    assert client.error(query(f"SELECT '{'x' * 70_000}'")) == "54000"


def test_order_is_kept(service: Service) -> None:
    with connect(service) as connection:
        rows = connection.execute(
            "SELECT {'n': range} AS s, range FROM range(4000) ORDER BY range % 13 DESC, range"
        ).fetchall()
    assert [n for _, n in rows] == sorted(range(4000), key=lambda n: (-(n % 13), n))


def test_a_statement_is_cancelled_with_its_key_alone(service: Service, client: Raw) -> None:
    def cancel(process: int, key: bytes) -> None:
        with Raw(service.port, user="") as other:
            other.send(struct.pack("!iii", 16, 80_877_102, process) + key)
            assert other.gone()

    client.send(query(serving.ENDLESS))
    cancel(client.process, bytes(4))
    cancel(client.process + 1000, client.key)
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.receive()
    client.socket.settimeout(30)
    cancel(client.process, client.key)
    assert [raw.sqlstate(body) for kind, body in client.until("Z") if kind == "E"] == ["57014"]
    assert client.asked(query("SELECT 1")) == "TDCZI"


def test_a_statement_gets_as_long_as_its_client_wants(client: Raw) -> None:
    client.asked(query("SET statement_timeout = '200ms'"))
    assert client.error(query(serving.ENDLESS)) == "57014"


def test_statements_end_before_their_memory_does(client: Raw) -> None:
    grows = (
        "WITH RECURSIVE r(s, n) AS (SELECT 'abcdefgh', 0 UNION ALL SELECT s || s, n + 1 FROM r WHERE n < 40)"
        " SELECT max(length(s)) FROM r"
    )
    assert client.error(query(grows)) == "53200"
    client.until("Z")
    assert client.asked(query("SELECT 1")) == "TDCZI"


def test_repeatable_reads_see_the_same_and_others_what_is_new(service: Service) -> None:
    count = "SELECT count(*) FROM stream_position"
    with connect(service) as held, connect(service) as fresh:
        held.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        before = held.execute(count).fetchone()
        fresh.execute("BEGIN")
        assert fresh.execute(count).fetchone() == before
        assert held.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
        with pytest.raises(psycopg.errors.UndefinedColumn):
            held.execute("SELECT nope FROM stream_position")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            held.execute(count)
        held.execute("ROLLBACK")
        assert held.execute(count).fetchone() == before


def test_nothing_is_written_and_nothing_else_is_read(service: Service, client: Raw) -> None:
    for statement in FORBIDDEN:
        assert client.asked(query(statement)) == "EZI", statement
    with (
        closing(service._readers.connection("noc", None)) as connection,
        pytest.raises(Exception, match="disabled"),
    ):
        connection.execute("FROM read_text('/etc/passwd')")


def test_a_user_sees_the_fabrics_that_are_his(service: Service) -> None:
    with connect(service, "lab") as lab, connect(service) as noc:
        assert lab.execute("SELECT fabric FROM stream_position").fetchall() == [("lab",)]
        assert len(noc.execute("SELECT fabric FROM stream_position").fetchall()) == 2
        with pytest.raises(psycopg.errors.UndefinedTable):
            lab.execute("SELECT * FROM everything.main.stream_position")


def test_who_is_not_known_is_not_told_why(service: Service) -> None:
    for user, password in (("noc", "wrong horse"), ("nobody", serving.PASSWORD)):
        with pytest.raises(psycopg.OperationalError, match="user or password is wrong"):
            connect(service, user, password)


def test_sessions_beyond_the_limit_are_told_and_a_place_that_is_free_is_given(service: Service) -> None:
    held = [connect(service) for _ in range(LIMITS.connections)]
    with pytest.raises(psycopg.OperationalError, match="sessions already"):
        connect(service)
    for connection in held:
        connection.close()
    with Raw(service.port, password=serving.PASSWORD) as client:
        assert client.asked(query("SELECT 1")) == "TDCZI"


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\3",
        b"\x7f\xff\xff\xff",
        b"\0\0\0\x09\0\3\0\0\xff",
        bytes(64),
        b"\x16\x03\x01\x02\x00",
    ],
    ids=["http", "short", "long", "torn", "zeros", "tls"],
)
def test_garbage_before_a_login_costs_itself_alone(service: Service, client: Raw, garbage: bytes) -> None:
    with Raw(service.port, user="") as other:
        other.send(garbage)
        other.socket.shutdown(1)
        assert other.gone()
    assert client.asked(query("SELECT 1")) == "TDCZI"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (b"\xffgarbage", "08P01"),
        (b"Q\x7f\xff\xff\xff", "08P01"),
        (b"Q\0\0\0\2", "08P01"),
    ],
)
def test_garbage_in_a_session_ends_it(client: Raw, service: Service, said: bytes, state: str) -> None:
    assert client.error(said) == state
    assert client.gone()
    with Raw(service.port, password=serving.PASSWORD) as other:
        assert other.asked(query("SELECT 1")) == "TDCZI"


def test_a_client_that_leaves_stops_what_it_asked(service: Service) -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in range(LIMITS.running + 1):
            with Raw(service.port, password=serving.PASSWORD) as client:
                client.send(query(serving.ENDLESS))
        asked = [pool.submit(_answer, service) for _ in range(4)]
        assert [one.result(15) for one in asked] == ["TDCZI"] * 4


def _answer(service: Service) -> str:
    with Raw(service.port, password=serving.PASSWORD) as client:
        return client.asked(query("SELECT 1"))


def test_a_transaction_that_idles_is_ended(client: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "IDLE_IN_TRANSACTION_SECONDS", 0.1)
    client.asked(query("BEGIN"))
    assert raw.sqlstate(client.until("E")[-1][1]) == "25P03"
    assert client.gone()
