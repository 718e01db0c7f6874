"""Who is trusted, what is sent to whom, and what an answer is taken for."""

import asyncio
import os
import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from collectors.errors import InputError
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Credentials, Target, Tls
from collectors.profiles import profile
from collectors.subscriptions import Attempt, Capabilities, is_sync, subscribe_request
from targets.gnmi.access import ServerTls, Users, hash_password
from targets.tree import Delta
from tests.collectors.devices import Authority, device, serving, speaking, target

PASSWORD: Final = "open sesame"
WAYS: Final = ("CA only", "CA and client certificate", "CA and password")
LIVENESS: Final = subscribe_request([profile("openconfig").liveness], Attempt("PROTO"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def users() -> Users:
    return Users({"fabricscope": hash_password(PASSWORD)})


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    monkeypatch.setenv("LEAF_PASSWORD", PASSWORD)
    return Credentials(username="fabricscope", password="env:LEAF_PASSWORD")


async def ask(dialled: Target) -> Capabilities | None:
    async with GnmiClient(dialled) as client:
        return await client.capabilities()


def dial(served: ServerTls | None, tls: Tls | None, *, users: Users | None = None, **settings: Any) -> Any:
    """Serve a device, ask it for its capabilities and return them."""

    async def run() -> Capabilities | None:
        async with serving(device(), tls=served, users=users) as server:
            return await ask(target(server.port, tls=tls, **settings))

    return asyncio.run(run())


def ways_in(
    way: str, authority: Authority, trusted: Path, credentials: Credentials
) -> tuple[Callable[[ServerTls], ServerTls], Tls, dict[str, Any]]:
    """Return what the server asks for, and what we show, in one of WAYS."""
    if way == "CA and client certificate":
        certificate, key = authority.issue("collector")
        return (
            lambda shown: ServerTls(shown.certificate, shown.key, client_ca=authority.pem),
            Tls(ca=trusted, certificate=certificate, key=key),
            {},
        )
    return lambda shown: shown, Tls(ca=trusted), {"credentials": credentials} if "password" in way else {}


@pytest.mark.parametrize("way", WAYS)
def test_a_target_with_the_right_certificate_is_spoken_to(
    way: str, authority: Authority, users: Users, credentials: Credentials
) -> None:
    demanding, tls, settings = ways_in(way, authority, authority.pem, credentials)
    found = dial(
        demanding(authority.server("127.0.0.1")), tls, users=users if "password" in way else None, **settings
    )
    assert {"PROTO", "JSON_IETF"} <= found.encodings


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["wrong CA", "wrong name", "expired", "self-signed"])
def test_a_target_with_a_wrong_certificate_is_not(
    fault: str, way: str, authority: Authority, users: Users, credentials: Credentials
) -> None:
    """Whatever we show of ourselves: a client certificate or a login makes a bad certificate no better."""
    shown = {
        "wrong CA": lambda: Authority(authority.folder).server("127.0.0.1"),
        "wrong name": lambda: authority.server("192.0.2.1"),
        "expired": lambda: authority.server("127.0.0.1", not_after=datetime(2021, 1, 1, tzinfo=UTC)),
        "self-signed": lambda: self_signed(authority.folder),
    }[fault]()
    demanding, tls, settings = ways_in(way, authority, authority.pem, credentials)
    seen: list[str] = []

    class Watching(Users):
        async def check(self, name: str, password: str) -> bool:
            seen.append(name + password)
            return True

    with pytest.raises(RpcError) as refused:
        dial(demanding(shown), tls, users=Watching(users.hashes), **settings)
    assert refused.value.code is grpc.StatusCode.UNAVAILABLE
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value) or "Hostname" in str(refused.value)
    assert not seen, "a login was sent to a server that was not who it said"


def self_signed(folder: Path) -> ServerTls:
    """Return a certificate that vouches for itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("leaf1")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "self.pem", folder / "self.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ServerTls(certificate, private)


def test_the_system_s_authorities_do_not_vouch_for_a_private_one(authority: Authority) -> None:
    with pytest.raises(RpcError, match="CERTIFICATE_VERIFY_FAILED"):
        dial(authority.server("127.0.0.1"), Tls())


def test_a_certificate_may_be_for_the_name_that_the_inventory_says(authority: Authority) -> None:
    tls = Tls(ca=authority.pem, server_name="leaf1.example.net")
    assert dial(authority.server("leaf1.example.net"), tls) is not None
    with pytest.raises(RpcError):
        dial(authority.server("leaf2.example.net"), tls)


def test_a_target_that_wants_a_client_certificate_gets_none_that_is_not_given(authority: Authority) -> None:
    shown = authority.server("127.0.0.1")
    with pytest.raises(RpcError):
        dial(ServerTls(shown.certificate, shown.key, client_ca=authority.pem), Tls(ca=authority.pem))


def test_a_wrong_password_is_a_refusal(
    authority: Authority, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAF_PASSWORD", "wrong")
    wrong = Credentials(username="fabricscope", password="env:LEAF_PASSWORD")
    with pytest.raises(RpcError) as refused:
        dial(authority.server("127.0.0.1"), Tls(ca=authority.pem), users=users, credentials=wrong)
    assert refused.value.code is grpc.StatusCode.UNAUTHENTICATED
    assert "wrong" not in str(refused.value).replace("wrong password", "")


def test_without_credentials_no_empty_login_is_sent() -> None:
    """A device that asks for a certificate only must not count a failed login."""
    seen: dict[str, Any] = {}

    async def run() -> None:
        async def capabilities(_request: bytes, context: Any) -> bytes:
            seen.update(dict(context.invocation_metadata()))
            return b""

        async with speaking(Capabilities=capabilities) as port:
            await ask(target(port))

    asyncio.run(run())
    assert seen
    assert not {"username", "password"} & seen.keys()


def test_a_target_may_be_spoken_to_without_tls() -> None:
    assert dial(None, None) is not None


def test_no_target_without_tls_can_have_credentials(credentials: Credentials) -> None:
    with pytest.raises(ValueError, match="without TLS"):
        target(1, credentials=credentials)


def test_not_implementing_capabilities_is_an_answer() -> None:
    async def run() -> None:
        served = device()
        served.faults.no_capabilities = True
        async with serving(served) as server:
            assert await ask(target(server.port)) is None

    asyncio.run(run())


def test_a_target_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.gnmi_client.CAPABILITIES_TIMEOUT_S", 0.2)

    async def run() -> None:
        served = device()
        served.faults.silence()
        async with serving(served) as server:
            with pytest.raises(RpcError) as failed:
                await ask(target(server.port))
            assert failed.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
            served.faults.resume()

    asyncio.run(run())


def test_what_a_target_says_of_its_failure_is_cleaned_and_short() -> None:
    error = RpcError(grpc.StatusCode.INTERNAL, "\x1b[31mred\n" + "x" * 1000)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_file_that_is_no_authority_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"ca\.pem"):
        asyncio.run(ask(target(1, tls=Tls(ca=path))))


def test_a_key_of_another_certificate_is_named(authority: Authority) -> None:
    certificate, other = authority.issue("collector")[0], authority.issue("collector")[1]
    tls = Tls(ca=authority.pem, certificate=certificate, key=other)
    with pytest.raises(InputError, match=re.escape(f"{certificate} with the key {other}")):
        asyncio.run(ask(target(1, tls=tls)))


def test_messages_come_as_the_bytes_that_were_sent() -> None:
    async def run() -> list[bytes]:
        async with serving(device()) as server, GnmiClient(target(server.port)) as client:
            heard: list[bytes] = []
            async with aclosing(client.subscribe(LIVENESS)) as messages:
                async for message in messages:
                    heard.append(message)
                    if is_sync(message):
                        server.garbage()
                    if b"no SubscribeResponse" in message:
                        break
            return heard

    heard = asyncio.run(run())
    assert [is_sync(message) for message in heard[:2]] == [False, True]


def test_a_message_larger_than_grpc_s_own_limit_is_taken() -> None:
    async def run() -> int:
        served = device(links=0)
        served.state.apply(Delta({"/interfaces/interface[name=e0]/state/description": "x" * 6_000_000}), 1)
        asked = [one for one in profile("openconfig").subscriptions if one.family == "link"]
        request = subscribe_request([replace(asked[0], paths=("/interfaces",))], Attempt("PROTO"))
        async with (
            serving(served) as server,
            GnmiClient(target(server.port)) as client,
            aclosing(client.subscribe(request)) as messages,
        ):
            return len(await anext(messages))

    assert asyncio.run(run()) > 6_000_000


def test_an_rpc_that_the_target_ends_as_cancelled_is_a_failure_like_any_other() -> None:
    """It must not look like the cancellation of our own task."""

    async def run() -> RpcError:
        async def subscribe(_requests: object, context: Any) -> None:
            await context.abort(grpc.StatusCode.CANCELLED, "going down")

        async with speaking(Subscribe=subscribe) as port, GnmiClient(target(port)) as client:
            with pytest.raises(RpcError) as failed:
                async for _ in client.subscribe(LIVENESS):
                    pass
        return failed.value

    assert asyncio.run(run()).code is grpc.StatusCode.CANCELLED


def test_the_cipher_suites_of_the_process_are_left_alone(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(RpcError):
        dial(Authority(tmp_path).server("127.0.0.1"), Tls(ca=authority.pem))
    assert "GRPC_SSL_CIPHER_SUITES" not in os.environ
