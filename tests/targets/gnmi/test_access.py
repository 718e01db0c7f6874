"""TLS, client certificates, users, and where a target may listen."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode

from collectors.errors import FabricscopeError, InputError
from targets.certificates import Authority, Issued
from targets.gnmi.access import ServerTls, Users, checked_listener, hash_password
from targets.gnmi.requests import RequestError
from targets.gnmi.server import serve
from targets.gnmi.state import State
from targets.gnmi.target import Target
from targets.tree import Delta
from tests.targets.gnmi.client import Client, awaited, interfaces, subscribe, talking

NOW = datetime.now(UTC)  # noqa: TID251  # certificates are judged by the real clock
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("ca"), NOW)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("stranger"), NOW, name="somebody else")


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return authority.issue("leaf1", ["localhost", "127.0.0.1"], tmp_path_factory.mktemp("leaf1"))


@pytest.fixture(scope="module")
def users() -> Users:
    return Users({"noc": hash_password("s3cret")})


def target() -> Target:
    state = State()
    state.apply(Delta(interfaces("swp1")), 5)
    return Target(state)


def trusting(ca: Path, own: Issued | None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        ca.read_bytes(),
        None if own is None else own.key.read_bytes(),
        None if own is None else own.certificate.read_bytes(),
    )


@asynccontextmanager
async def client_of(
    tls: ServerTls,
    ca: Path,
    *,
    users: Users | None = None,
    own: Issued | None = None,
    metadata: dict[str, str] | None = None,
) -> AsyncIterator[Client]:
    server = await serve(target(), "127.0.0.1:0", tls=tls, users=users)
    try:
        async with grpc.aio.secure_channel(f"localhost:{server.port}", trusting(ca, own)) as channel:
            yield Client(channel, metadata)
    finally:
        await server.stop()


async def talks(client: Client) -> StatusCode | str:
    """Return OK or the code of each kind of RPC, which must agree."""
    codes = set()
    try:
        await client.capabilities()
        codes.add(StatusCode.OK)
    except grpc.aio.AioRpcError as error:
        codes.add(error.code())
    try:
        assert (await client.once("/interfaces")).tree == interfaces("swp1")
        codes.add(StatusCode.OK)
    except grpc.aio.AioRpcError as error:
        codes.add(error.code())
    (code,) = codes
    return code


@awaited
async def test_a_client_that_trusts_the_authority_talks(authority: Authority, certificate: Issued) -> None:
    async with client_of(
        ServerTls(certificate.certificate, certificate.key), authority.certificate
    ) as client:
        assert await talks(client) is StatusCode.OK


@awaited
async def test_a_client_that_trusts_another_authority_does_not(
    stranger: Authority, certificate: Issued
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with client_of(tls, stranger.certificate) as client:
        assert await talks(client) is StatusCode.UNAVAILABLE


def handshake(port: int, ca: Path, newest: ssl.TLSVersion) -> str | None:
    context = ssl.create_default_context(cafile=str(ca))
    context.set_ciphers("ALL:@SECLEVEL=0")  # or this side would refuse the old versions itself
    context.set_alpn_protocols(["h2"])
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = newest
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        return tls.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@awaited
async def test_tls_before_1_2_is_refused(authority: Authority, certificate: Issued) -> None:
    server = await serve(target(), "127.0.0.1:0", tls=ServerTls(certificate.certificate, certificate.key))
    ca = authority.certificate
    assert await asyncio.to_thread(handshake, server.port, ca, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert await asyncio.to_thread(handshake, server.port, ca, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    # the server hangs up; were it this side that refused, it would say so
    with pytest.raises(ssl.SSLError, match="EOF occurred"):
        await asyncio.to_thread(handshake, server.port, ca, ssl.TLSVersion.TLSv1_1)
    await server.stop()


@pytest.mark.parametrize("wrong", ["name", "expired"])
@awaited
async def test_clients_refuse_what_the_authority_can_make_for_tests(
    wrong: str, authority: Authority, tmp_path: Path
) -> None:
    bad = (
        authority.issue("leaf2", ["leaf2.example"], tmp_path)
        if wrong == "name"
        else authority.issue("leaf2", ["localhost"], tmp_path, not_after=NOW - DAY)
    )
    async with client_of(ServerTls(bad.certificate, bad.key), authority.certificate) as client:
        assert await talks(client) is StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("own", StatusCode.OK),
        ("none", StatusCode.UNAVAILABLE),
        ("strange", StatusCode.UNAVAILABLE),
        ("server's", StatusCode.UNAVAILABLE),
    ],
)
@awaited
async def test_with_a_ca_of_clients_only_its_clients_talk(
    shown: str,
    code: StatusCode,
    *,
    authority: Authority,
    stranger: Authority,
    certificate: Issued,
    tmp_path: Path,
) -> None:
    own = {
        "own": authority.issue("collector", [], tmp_path),
        "none": None,
        "server's": certificate,
        "strange": stranger.issue("strange", [], tmp_path),
    }[shown]
    tls = ServerTls(certificate.certificate, certificate.key, authority.certificate)
    async with client_of(tls, authority.certificate, own=own) as client:
        assert await talks(client) is code


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"username": "noc", "password": "s3cret"}, StatusCode.OK),
        ({"username": "noc", "password": "s3cret "}, StatusCode.UNAUTHENTICATED),
        ({"username": "nobody", "password": "s3cret"}, StatusCode.UNAUTHENTICATED),
        ({"username": "noc"}, StatusCode.UNAUTHENTICATED),
        ({}, StatusCode.UNAUTHENTICATED),
    ],
)
@awaited
async def test_with_users_only_they_talk(
    metadata: dict[str, str], code: StatusCode, authority: Authority, certificate: Issued, users: Users
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with client_of(tls, authority.certificate, users=users, metadata=metadata) as client:
        assert await talks(client) is code


@awaited
async def test_who_is_not_admitted_is_refused_before_a_request_is_waited_for(
    authority: Authority, certificate: Issued, users: Users
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with client_of(tls, authority.certificate, users=users) as client:
        for method in ("Capabilities", "Get", "Set", "Subscribe"):
            silent: Any = client.channel.stream_stream(f"/gnmi.gNMI/{method}")()
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await asyncio.wait_for(silent.read(), 10)
            assert refused.value.code() is StatusCode.UNAUTHENTICATED


@awaited
async def test_a_password_without_tls_is_refused_and_said_to_be_known() -> None:
    async with talking(target()) as (client, _):
        teller = Client(client.channel, {"username": "noc", "password": "s3cret"})
        code, details = await (await teller.stream(subscribe("/interfaces"))).refused()
    assert code is StatusCode.UNAUTHENTICATED
    assert "without TLS" in details


@awaited
async def test_a_right_password_stays_right_and_a_wrong_one_wrong(users: Users) -> None:
    for _ in range(2):
        assert await users.check("noc", "s3cret")
        assert not await users.check("noc", "")
        assert not await users.check("nocs3", "cret")
        assert not await users.check("nobody", "s3cret")


@awaited
async def test_a_right_password_is_not_kept_waiting_by_many_wrong_ones(users: Users) -> None:
    loop = asyncio.get_running_loop()
    fresh = Users(users.hashes)
    wrong = [asyncio.create_task(fresh.check("noc", f"wrong {n}")) for n in range(500)]
    await asyncio.sleep(0)
    begun = loop.time()
    told_to_come_again = 0
    while True:
        try:
            assert await fresh.check("noc", "s3cret")
            break
        except RequestError as error:
            assert error.code is StatusCode.UNAVAILABLE  # noqa: PT017  # it comes some times
            told_to_come_again += 1
            await asyncio.wait(wrong, return_when=asyncio.FIRST_COMPLETED)
            wrong = [one for one in wrong if not one.done()] or wrong
    assert loop.time() - begun < 2
    assert told_to_come_again
    await asyncio.gather(*wrong, return_exceptions=True)


@awaited
async def test_one_login_of_many_rpcs_is_hashed_once(users: Users) -> None:
    fresh = Users(users.hashes)
    assert all(await asyncio.gather(*(fresh.check("noc", "s3cret") for _ in range(50))))


@pytest.mark.parametrize(
    "listen", ["::1:9339", "[127.0.0.1]:0", "[localhost]:0", "[::1:0", "[]:0", "[::1]x:0"]
)
def test_brackets_are_for_ipv6_and_have_to_be_there(listen: str) -> None:
    with pytest.raises(InputError, match="stands in brackets"):
        checked_listener(listen, None, None)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0", "127.8.8.8:0"])
@awaited
async def test_loopback_needs_no_tls(listen: str) -> None:
    server = await serve(target(), listen)
    assert server.port
    await server.stop()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "leaf1.example:0", ":0"])
@pytest.mark.parametrize("with_tls", [False, True])
@awaited
async def test_other_addresses_need_tls_and_known_clients(
    listen: str, with_tls: bool, certificate: Issued
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key) if with_tls else None
    with pytest.raises(InputError, match="can be reached from elsewhere"):
        await serve(target(), listen, tls=tls)


@awaited
async def test_other_addresses_may_be_listened_on_with_tls_and_known_clients(
    authority: Authority, certificate: Issued, users: Users
) -> None:
    plain = ServerTls(certificate.certificate, certificate.key)
    mutual = ServerTls(certificate.certificate, certificate.key, authority.certificate)
    for tls, known in ((plain, users), (mutual, None)):
        server = await serve(target(), "0.0.0.0:0", tls=tls, users=known)
        await server.stop()


@pytest.mark.parametrize("listen", ["9339", "localhost", "localhost:", "localhost:x", "localhost:65536"])
@awaited
async def test_what_is_no_address_is_said_so(listen: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        await serve(target(), listen)


@awaited
async def test_users_without_tls_are_refused(users: Users) -> None:
    with pytest.raises(InputError, match="not taken without TLS"):
        await serve(target(), "127.0.0.1:0", users=users)


@awaited
async def test_a_port_that_is_taken_is_said_so() -> None:
    server = await serve(target(), "127.0.0.1:0")
    with pytest.raises(FabricscopeError, match=r"can't listen on 127\.0\.0\.1"):
        await serve(target(), f"127.0.0.1:{server.port}")
    await server.stop()


@awaited
async def test_a_certificate_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.pem"):
        await serve(
            target(), "127.0.0.1:0", tls=ServerTls(tmp_path / "nothing.pem", tmp_path / "nothing.key")
        )


@awaited
async def test_a_certificate_that_is_none_is_said_so(tmp_path: Path, certificate: Issued) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(InputError, match=r"broken\.pem"):
        await serve(target(), "127.0.0.1:0", tls=ServerTls(broken, certificate.key))


def written(tmp_path: Path, content: str, mode: int = 0o600) -> Path:
    path = tmp_path / "users"
    path.write_text(content)
    path.chmod(mode)
    return path


@awaited
async def test_users_come_from_a_file(tmp_path: Path) -> None:
    known = Users.load(
        written(tmp_path, f"# people\n\nnoc:{hash_password('s3cret')}\n dev:{hash_password('other')}\n")
    )
    assert await known.check("noc", "s3cret")
    assert await known.check("dev", "other")
    assert not await known.check("dev", "s3cret")


def test_equal_passwords_have_unequal_hashes() -> None:
    assert hash_password("s3cret") != hash_password("s3cret")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_a_file_of_users_that_only_its_owner_and_group_can_read_is_taken(mode: int, tmp_path: Path) -> None:
    assert "noc" in Users.load(written(tmp_path, f"noc:{hash_password('s3cret')}", mode)).hashes


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602])
def test_a_file_of_users_that_others_can_touch_is_refused(mode: int, tmp_path: Path) -> None:
    path = written(tmp_path, f"noc:{hash_password('s3cret')}", mode)
    with pytest.raises(InputError, match="chmod 600"):
        Users.load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "names no user"),
        ("# nobody\n", "names no user"),
        ("noc:s3cret\n", "line 1"),
        ("\nnoc\n", "line 2"),
        ("noc:scrypt$3$8$1$AA==$AA==\n", "line 1"),
        ("noc:scrypt$16384$8$1$?$AA==\n", "line 1"),
        (":scrypt$16384$8$1$AA==$AA==\n", "line 1"),
    ],
)
def test_a_file_of_users_that_cannot_be_read_is_told_by_line(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        Users.load(written(tmp_path, content))


def test_a_file_of_users_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        Users.load(tmp_path / "users")
