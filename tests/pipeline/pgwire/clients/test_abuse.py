"""Queries and bytes that are to take the process down: none does, and what it is for goes on meanwhile."""

import base64
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from scramp import ScramClient

from pipeline.pgwire.limits import Limits
from tests.pipeline.pgwire.clients.served import ENDLESS, Served, serving

SECONDS = 1.5
CONNECTIONS = 20
LET_IN = b"R\0\0\0\x08\0\0\0\0"
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@pytest.fixture(scope="module")
def abused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server with little time, memory and room."""
    limits = Limits(seconds=SECONDS, query_bytes=512 << 20, connections=CONNECTIONS)
    with serving(tmp_path_factory.mktemp("abused"), limits) as found:
        yield found


HEAVY = [
    "with recursive r as (select 1 x union all select x + 1 from r) select count(*) from r",
    "with recursive r as (select 'xxxxxxxx' s union all select s || s from r) select max(len(s)) from r",
    "select sum(a.range * b.range % 7) from range(1000000000) a, range(1000000000) b",
    "select string_agg(repeat('x', 1000000), '') from range(100000)",
    "select * from generate_series(1, 1000000000000000000)",
    "select repeat('x', 2000000000)",
    "select lpad('x', 2000000000, 'y')",
    "select levenshtein(string_agg('a', ''), string_agg('b', '')) from range(100000)",
    "select replace(string_agg('a', ''), 'a', string_agg('b', '')) from range(1000000)",
    "with a as (with b as (" * 8,
    "select " + "(" * 60_000,
    "select " + "- " * 30_000 + "1",
    "select 1" + " union all select 1" * 3_000,
    "select '" + "[" * 60_000 + "'::json",
    "select '" + "[" * 30_000 + "]" * 30_000 + "'::json::variant",
    "select " + "+".join(["'x'::regclass::oid"] * 200),
    "select " + "(" * 2_000_000,
    ENDLESS,
]


def test_heavy_queries_end_and_the_writer_goes_on(abused: Served) -> None:
    def ask(query: str) -> str:
        with psycopg.connect(abused.dsn, autocommit=True) as connection:
            try:
                return str(connection.execute(query.encode()).statusmessage)
            except psycopg.Error as error:
                return str(error.sqlstate)

    with ThreadPoolExecutor(6) as pool:
        answers = dict(zip(HEAVY, pool.map(ask, HEAVY), strict=True))
    ended = {"57014", "53200", "54000", "54001", "22000", "42501", "0A000", "42601", "22P02", "42P01"}
    wrong = {
        query[:60]: said for query, said in answers.items() if said not in ended and "SELECT" not in said
    }
    assert not wrong
    assert answers[ENDLESS] in {"57014", "53200"}  # where memory runs short, all that runs is stopped
    abused.writer.check_goes_on()


def test_commits_go_on_while_a_query_runs(abused: Served) -> None:
    with psycopg.connect(abused.dsn, autocommit=True) as connection:
        said: list[str | None] = []

        def ask() -> None:
            try:
                connection.execute(ENDLESS)
            except psycopg.Error as error:
                said.append(error.sqlstate)

        asking = threading.Thread(target=ask)
        asking.start()
        abused.wait_until_running()
        abused.writer.check_goes_on()
        asking.join()
    assert said == ["57014"]


def raw(abused: Served, *, tls: bool) -> socket.socket:
    """Return a socket to the server, speaking TLS or not."""
    plain = socket.create_connection(("127.0.0.1", abused.port), timeout=15)
    if not tls:
        return plain
    plain.sendall(SSL_REQUEST)
    assert plain.recv(1) == b"S"
    return ssl.create_default_context(cafile=str(abused.authority)).wrap_socket(
        plain, server_hostname="localhost"
    )


def startup(user: bytes = b"noc") -> bytes:
    body = struct.pack("!i", 196608) + b"user\0" + user + b"\0database\0fabricscope\0\0"
    return struct.pack("!i", len(body) + 4) + body


def framed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def received(connection: socket.socket, kind: bytes) -> bytes:
    """Return the body of the next message of a kind."""
    while True:
        head = b""
        while len(head) < 5:
            head += connection.recv(5 - len(head))
        body = b""
        while len(body) < struct.unpack("!i", head[1:])[0] - 4:
            body += connection.recv(struct.unpack("!i", head[1:])[0] - 4 - len(body))
        assert head[:1] != b"E", body
        if head[:1] == kind:
            return body


def logged_in(abused: Served) -> socket.socket:
    """Return a socket of somebody who has logged in and may ask."""
    connection = raw(abused, tls=True)
    client = ScramClient(["SCRAM-SHA-256"], abused.user, abused.password)
    connection.sendall(startup())
    received(connection, b"R")
    first = client.get_client_first().encode()
    connection.sendall(framed(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first))
    client.set_server_first(received(connection, b"R")[4:].decode())
    connection.sendall(framed(b"p", client.get_client_final().encode()))
    client.set_server_final(received(connection, b"R")[4:].decode())
    received(connection, b"Z")
    return connection


def ends(connection: socket.socket) -> bytes:
    """Return what the server says until it ends the connection."""
    found = b""
    try:
        while data := connection.recv(4096):
            found += data
    except (ConnectionError, ssl.SSLError):
        pass
    return found


def asked_in(abused: Served) -> None:
    """Fail unless a client that behaves is served."""
    with psycopg.connect(abused.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_what_is_put_between_asking_for_tls_and_its_start_ends_the_connection(abused: Served) -> None:
    with raw(abused, tls=False) as connection:
        connection.sendall(SSL_REQUEST + framed(b"Q", b"select 1\0"))
        said = ends(connection)
    assert said[:1] == b"E"
    assert b"between asking for TLS and its start" in said
    asked_in(abused)


GARBAGE = [
    b"\0" * 100,
    b"\xff" * 10_000,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    struct.pack("!i", 2_000_000_000) + b"x" * 100,
    struct.pack("!i", -1) + b"x",
    struct.pack("!ii", 8, 12345),
    struct.pack("!ii", 8, 0x00020000),
    struct.pack("!iiii", 16, 80877102, 1, 2),
    startup(b"x" * 9_000),
    startup(b"\xff\xfe"),
    startup(),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda data: repr(data[:12]))
def test_garbage_before_a_login_ends_its_own_connection(garbage: bytes, abused: Served) -> None:
    with raw(abused, tls=False) as connection:
        connection.sendall(garbage)
        said = ends(connection)
    assert LET_IN not in said
    asked_in(abused)


@pytest.mark.parametrize(
    "message",
    [b"Q\0\0\0\x0dselect 1\0", b"p" + struct.pack("!i", 1 << 30), b"\0\0\0\0\0", b"X\0\0\0\4", b"p\0\0\0\5x",
     b"p" + struct.pack("!i", 4 + 24) + b"SCRAM-SHA-256\0" + struct.pack("!i", 6) + b"n,,n=x"[:6]],
    ids=repr,
)  # fmt: skip
def test_nobody_is_let_in_for_anything_but_a_proof(message: bytes, abused: Served) -> None:
    with raw(abused, tls=True) as connection:
        connection.sendall(startup())
        assert connection.recv(1) == b"R"
        connection.sendall(message)
        assert LET_IN not in ends(connection)
    asked_in(abused)


def test_a_proof_that_was_heard_is_worth_nothing_later(abused: Served) -> None:
    def exchange(final: bytes | None) -> bytes:
        with raw(abused, tls=True) as connection:
            connection.sendall(startup())
            connection.recv(4096)
            first = b"n,,n=,r=abcdefghijklmnopqrstuvwx"
            body = b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first
            connection.sendall(b"p" + struct.pack("!i", len(body) + 4) + body)
            challenge = connection.recv(4096)
            nonce = challenge[9:].split(b",")[0].removeprefix(b"r=")
            said = final or b"c=biws,r=" + nonce + b",p=" + base64.b64encode(b"\0" * 32)
            connection.sendall(b"p" + struct.pack("!i", len(said) + 4) + said)
            ended = ends(connection)
            assert b"28P01" in ended or b"08P01" in ended
            return said

    exchange(exchange(None))
    asked_in(abused)


def test_tls_is_not_stripped_and_nothing_is_slipped_in_before_it(abused: Served) -> None:
    with pytest.raises(psycopg.OperationalError, match="TLS"):
        psycopg.connect(abused.dsn, sslmode="disable")
    with raw(abused, tls=False) as connection:
        connection.sendall(SSL_REQUEST + startup())
        assert not ends(connection).startswith(b"S\x16")
    context = ssl.create_default_context(cafile=str(abused.authority))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA@SECLEVEL=0")
    with raw(abused, tls=False) as connection:
        connection.sendall(SSL_REQUEST)
        assert connection.recv(1) == b"S"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(connection, server_hostname="localhost")
    asked_in(abused)


def test_sockets_that_say_nothing_keep_nobody_out(abused: Served) -> None:
    silent = [raw(abused, tls=False) for _ in range(3 * CONNECTIONS)]
    half = raw(abused, tls=True)
    half.sendall(startup()[:5])
    try:
        asked_in(abused)
        abused.writer.check_goes_on()
    finally:
        for connection in (*silent, half):
            connection.close()


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\0\0\0\4", b"Q" + struct.pack("!i", 1 << 30), b"Q\0\0\0\3", b"P\0\0\0\4",
        b"B\0\0\0\x0a\0\0\0\1\0\1", b"B\0\0\0\x0e\0\0\xff\xff" + b"\0" * 6,
        b"E\0\0\0\x0dnope\0\0\0\0\0", b"D\0\0\0\6X\0", b"d\0\0\0\4", b"f\0\0\0\5\0",
        b"F\0\0\0\4", b"Q\0\0\0\6\xff\0", b"S\0\0\0\x08abcd",
    ],
    ids=repr,
)  # fmt: skip
def test_messages_that_are_none_cost_their_own_session_alone(message: bytes, abused: Served) -> None:
    with logged_in(abused) as connection, psycopg.connect(abused.dsn) as other:
        connection.sendall(message)
        connection.settimeout(15)
        assert connection.recv(1) == b"E"
        assert other.execute("select 1").fetchone() == (1,)
    asked_in(abused)


def test_two_hundred_connections_are_told_and_the_first_go_on(abused: Served) -> None:
    def connect(_: int) -> "psycopg.Connection[tuple[object, ...]] | str":
        try:
            return psycopg.connect(abused.dsn, autocommit=True)
        except psycopg.OperationalError as error:
            return str(error)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(connect, range(200)))
    inside = [one for one in found if isinstance(one, psycopg.Connection)]
    outside = [one for one in found if isinstance(one, str)]
    assert len(inside) == CONNECTIONS
    assert all("sessions already" in one for one in outside)
    assert [one.execute("select 1").fetchone() for one in inside] == [(1,)] * len(inside)
    for one in inside:
        one.close()
    abused.writer.check_goes_on()
