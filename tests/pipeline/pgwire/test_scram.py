import asyncio
import base64
import contextlib
import hashlib
import secrets
import socket
import ssl
import stringprep
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pg8000.dbapi
import psycopg
import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from scramp import ScramClient, ScramMechanism

from pipeline.pgwire import answers, framing
from pipeline.pgwire.messages import Encryption, First, Password, Startup
from pipeline.pgwire.refusal import INVALID_PASSWORD, PROTOCOL_VIOLATION, RefusalError
from pipeline.pgwire.saslprep import saslprep
from pipeline.pgwire.scram import (
    PLAIN,
    PLUS,
    Exchange,
    initial_response,
    make_verifier,
    parse_verifier,
    verifier_of_nobody,
)

# RFC 7677, section 3
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO"
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
FIRST = f"n,,n=user,r={CLIENT_NONCE}".encode()
CHALLENGE = f"r={CLIENT_NONCE}{NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()
FINAL = f"c=biws,r={CLIENT_NONCE}{NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode()
SERVER = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
VERIFIER = make_verifier("pencil", SALT)


def test_the_exchange_of_the_rfc() -> None:
    exchange = Exchange(VERIFIER, NONCE)
    assert exchange.first(PLAIN, FIRST) == CHALLENGE
    assert exchange.final(FINAL) == SERVER


def test_a_wrong_password_is_refused() -> None:
    exchange = Exchange(make_verifier("Pencil", SALT), NONCE)
    exchange.first(PLAIN, FIRST)
    with pytest.raises(RefusalError, match="user or password is wrong") as refused:
        exchange.final(FINAL)
    assert refused.value.sqlstate == INVALID_PASSWORD


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"n,,",
        b"n,,n=user",
        b"n,,n=user,r=",
        b"n,a=other,n=user,r=x",
        b"x,,n=user,r=x",
        b"n,,m=1,n=u,r=x",
        b"n,,n=user,r=\xff",
        b"p=tls-unique,,n=user,r=x",
        b"p=tls-server-end-point,,n=user,r=x",
        b"n,,n=u,r=a b",
    ],
)
def test_a_first_message_that_is_none_is_refused(first: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        Exchange(VERIFIER, NONCE).first(PLAIN, first)
    assert refused.value.sqlstate == PROTOCOL_VIOLATION


@pytest.mark.parametrize(
    "final",
    [
        b"",
        b"c=biws",
        FINAL.replace(b"biws", b"eSws"),
        FINAL.replace(b"r=rO", b"r=ro"),
        FINAL[:-4],
        FINAL + b"!",
        FINAL.replace(b"p=d", b"p=*"),
        b"\xff" + FINAL,
    ],
)
def test_a_last_message_that_is_none_is_refused(final: bytes) -> None:
    exchange = Exchange(VERIFIER, NONCE)
    exchange.first(PLAIN, FIRST)
    with pytest.raises(RefusalError) as refused:
        exchange.final(final)
    assert refused.value.sqlstate == PROTOCOL_VIOLATION


def test_the_last_message_cannot_come_first() -> None:
    with pytest.raises(RefusalError):
        Exchange(VERIFIER, NONCE).final(FINAL)


@given(st.binary(max_size=120), st.binary(max_size=120))
def test_garbage_logs_nobody_in(first: bytes, final: bytes) -> None:
    exchange = Exchange(VERIFIER, NONCE)
    with contextlib.suppress(RefusalError):
        exchange.first(PLAIN, first)
    with pytest.raises(RefusalError):
        exchange.final(final)


def test_a_client_that_was_told_of_no_binding_is_refused_where_it_is_offered() -> None:
    with pytest.raises(RefusalError, match="somebody is between"):
        Exchange(VERIFIER, NONCE, b"hash").first(PLAIN, b"y,,n=user,r=x")
    assert Exchange(VERIFIER, NONCE).first(PLAIN, b"y,,n=user,r=x")


def bound(server_saw: bytes, client_saw: bytes) -> None:
    exchange = Exchange(VERIFIER, NONCE, server_saw)
    client = ScramClient(exchange.mechanisms, "user", "pencil", ("tls-server-end-point", client_saw))
    assert client.mechanism_name == PLUS
    client.set_server_first(exchange.first(PLUS, client.get_client_first().encode()).decode())
    client.set_server_final(exchange.final(client.get_client_final().encode()).decode())


def test_a_login_is_bound_to_the_certificate_the_client_saw() -> None:
    bound(b"a" * 32, b"a" * 32)
    with pytest.raises(RefusalError, match="channel binding"):
        bound(b"a" * 32, b"b" * 32)


# what SASLprep leaves as it is, or maps, in scramp as here; what it forbids is told apart below
PASSWORDS = st.text(st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x5FF), min_size=1)
PREPARED = PASSWORDS.filter(lambda password: not any(map(stringprep.in_table_d1, password)))


@given(PREPARED.filter(lambda password: not any(map(stringprep.in_table_a1, password))))
@settings(deadline=None, max_examples=30)
def test_an_independent_client_logs_in(password: str) -> None:
    exchange = Exchange(make_verifier(password, SALT), secrets.token_urlsafe(18))
    client = ScramClient([PLAIN], "user", password)
    client.set_server_first(exchange.first(PLAIN, client.get_client_first().encode()).decode())
    client.set_server_final(exchange.final(client.get_client_final().encode()).decode())


@pytest.mark.parametrize("password", ["a\x07b", "\ue000", "\u0627a", "\u00ad"])
def test_a_password_that_saslprep_forbids_stays_as_it_is(password: str) -> None:
    assert saslprep(password) == password


@pytest.mark.parametrize(
    ("given_as", "kept_as"), [("a\u00adb", "ab"), ("\u00a0", " "), ("\u2168", "IX"), ("\u0627", "\u0627")]
)
def test_passwords_that_look_alike_are_one(given_as: str, kept_as: str) -> None:
    assert saslprep(given_as) == kept_as


def test_verifiers_are_those_of_an_independent_implementation() -> None:
    salt, stored, server, iterations = ScramMechanism(PLAIN).make_auth_info("p\u00adencil\u00a0x", 5000, SALT)
    found = make_verifier("pencil x", SALT, 5000)
    assert (found.salt, found.stored_key, found.server_key, found.iterations) == (
        salt,
        stored,
        server,
        iterations,
    )


def test_a_verifier_reads_as_it_is_written() -> None:
    assert parse_verifier(str(VERIFIER)) == VERIFIER
    assert str(VERIFIER).startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")


def test_nobody_looks_like_a_user_and_always_the_same() -> None:
    nobody = verifier_of_nobody("eve", b"secret")
    assert nobody == verifier_of_nobody("eve", b"secret")
    assert nobody.salt != verifier_of_nobody("mallory", b"secret").salt
    assert parse_verifier(str(nobody)) == nobody
    assert (len(nobody.salt), nobody.iterations) == (16, VERIFIER.iterations)


@pytest.mark.parametrize(
    "data", [b"", b"SCRAM-SHA-256", b"SCRAM-SHA-256\0", b"x\0\0\0\0\5abcd", b"x\0\0\0\0\3abcd"]
)
def test_an_initial_response_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(RefusalError):
        initial_response(data)


def test_an_initial_response_names_its_mechanism() -> None:
    assert initial_response(b"SCRAM-SHA-256\0\0\0\0\4n,,x") == ("SCRAM-SHA-256", b"n,,x")


# real clients, over TLS, up to being logged in


async def message(reader: asyncio.StreamReader) -> Password:
    head = await reader.readexactly(framing.HEAD_BYTES)
    body = await reader.readexactly(framing.length(head, known=False))
    found = framing.decode(head[:1], body)
    assert isinstance(found, Password)
    return found


class Door:
    """A server that lets clients in, and out again."""

    def __init__(self, context: ssl.SSLContext, certificate_hash: bytes) -> None:
        self._context = context
        self._hash = certificate_hash
        self.mechanisms: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not isinstance(first := await self._first(reader), Startup):
                assert first == Encryption(gss=False)
                writer.write(answers.ENCRYPTED)
                await writer.start_tls(self._context)
            exchange = Exchange(VERIFIER, secrets.token_urlsafe(18), self._hash)
            try:
                await self._log_in(exchange, reader, writer)
            except RefusalError as error:
                writer.write(answers.error(error, "FATAL"))
            else:
                writer.write(answers.AUTHENTICATED + answers.parameter_status("server_version", "15.0"))
                writer.write(answers.parameter_status("client_encoding", "UTF8") + answers.ready("I"))
                await reader.read()
        writer.close()

    async def _first(self, reader: asyncio.StreamReader) -> First:
        head = await reader.readexactly(framing.STARTUP_HEAD_BYTES)
        return framing.decode_startup(await reader.readexactly(framing.startup_length(head)))

    async def _log_in(
        self, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(answers.sasl(exchange.mechanisms))
        mechanism, data = initial_response((await message(reader)).data)
        writer.write(answers.sasl_continue(exchange.first(mechanism, data)))
        writer.write(answers.sasl_final(exchange.final((await message(reader)).data)))
        self.mechanisms.append(mechanism)


def with_libpq(port: int, password: str, ca: Path) -> str:
    target = f"host=localhost port={port} user=user password={password} dbname=x channel_binding=require"
    try:
        connection = psycopg.connect(f"{target} sslmode=verify-full sslrootcert={ca} gssencmode=disable")
    except psycopg.OperationalError as error:
        return str(error)
    connection.close()
    return ""


def with_pg8000(port: int, password: str, ca: Path) -> str:
    context = ssl.create_default_context(cafile=ca)
    try:
        connection = pg8000.dbapi.connect(
            "user", host="localhost", port=port, password=password, ssl_context=context
        )
    except pg8000.dbapi.DatabaseError as error:
        return str(error)
    connection.close()
    return ""


def with_asyncpg(port: int, password: str, ca: Path) -> str:
    async def connected() -> None:
        connection = await asyncpg.connect(
            host="localhost", port=port, user="user", password=password, database="x",
            ssl=ssl.create_default_context(cafile=ca),
        )  # fmt: skip
        connection.terminate()

    try:
        asyncio.run(connected())
    except asyncpg.InvalidPasswordError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("client", "mechanism"), [(with_libpq, PLUS), (with_pg8000, PLUS), (with_asyncpg, PLAIN)]
)
def test_real_clients_log_in_and_not_with_another_password(
    client: Callable[[int, str, Path], str], mechanism: str, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    door = Door(context, hashlib.sha256(der).digest())

    async def tried() -> list[str]:
        async with await asyncio.start_server(door, "localhost", 0, family=socket.AF_INET) as server:
            port = server.sockets[0].getsockname()[1]
            return [
                await asyncio.to_thread(client, port, word, tmp_path / "ca.pem") for word in ("pencil", "pen")
            ]

    right, wrong = asyncio.run(tried())
    assert right == ""
    assert "user or password is wrong" in wrong
    assert door.mechanisms == [mechanism]
