"""Clients that others wrote talk to the gNMI target: OpenConfig's gnmi_cli and pygnmi."""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from pygnmi.client import gNMIclient, gNMIException

from targets.certificates import Authority, Issued
from targets.gnmi.access import ServerTls, Users, hash_password
from targets.gnmi.server import Server, serve
from targets.gnmi.target import Target
from targets.openconfig.target import MODELS, openconfig_target
from targets.tree import Delta
from tests.integration import gnmi_cli
from tests.integration.gnmi_cli import Cli, Responses
from tests.targets.gnmi.client import awaited, interfaces, notification

pytestmark = pytest.mark.services

SWP1 = "/interfaces/interface[name=swp1]"
SWP2 = "/interfaces/interface[name=swp2]"
INTERFACES = 'path: {elem: {name: "interfaces"}}'
CLOCK = 'path: {elem: {name: "system"} elem: {name: "state"} elem: {name: "current-datetime"}}'


def subscribe(mode: str, subscription: str) -> str:
    return f"subscribe: {{prefix: {{}} mode: {mode} encoding: PROTO subscription: {{{subscription}}}}}"


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return gnmi_cli.binary()
    except gnmi_cli.MissingClientError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    now = datetime.now(UTC)  # noqa: TID251  # certificates are judged by the real clock
    return Authority.create(tmp_path_factory.mktemp("ca"), now)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    now = datetime.now(UTC)  # noqa: TID251  # as above
    return Authority.create(tmp_path_factory.mktemp("stranger"), now, name="somebody else")


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return authority.issue("leaf1", ["localhost", "127.0.0.1"], tmp_path_factory.mktemp("leaf1"))


@asynccontextmanager
async def serving(
    tls: ServerTls | None = None, users: Users | None = None
) -> AsyncIterator[tuple[Target, Server]]:
    target = openconfig_target()
    target.state.apply(Delta({**interfaces("swp1", "swp2"), f"{SWP1}/state/last-change": 7}), 5)
    server = await serve(target, "127.0.0.1:0", tls=tls, users=users)
    try:
        yield target, server
    finally:
        await server.stop()


@awaited
async def test_gnmi_cli_reads_capabilities(program: Path) -> None:
    async with serving() as (_, server):
        answer = await Cli(program, server.port).capabilities()
    assert [it.name for it in answer.supported_models] == [model.name for model in MODELS]


@awaited
async def test_gnmi_cli_gets_leaves_and_objects(program: Path) -> None:
    async with serving() as (target, server):
        cli = Cli(program, server.port)
        proto = await cli.get(f"{INTERFACES} encoding: PROTO")
        json = await cli.get(f"{INTERFACES} encoding: JSON_IETF")
        expected = {**target.state.tree()}
    told: Any = type("Response", (), {"update": proto.notification[0]})
    assert notification(told)[0].items() <= expected.items()
    assert orjson.loads(json.notification[0].update[0].val.json_ietf_val) == {
        "interface": [
            {"name": "swp1", "state": {"oper-status": "UP", "last-change": "7"}},
            {"name": "swp2", "state": {"oper-status": "UP"}},
        ]
    }


@awaited
async def test_gnmi_cli_subscribes_once(program: Path) -> None:
    async with serving() as (_, server):
        code, out = await Cli(program, server.port).run(
            "-query", "/interfaces/interface[name=*]/state/oper-status", "-display_type", "single"
        )
    assert code == 0, out
    assert sorted(line.rpartition(" ")[0] for line in out.splitlines() if "swp" in line) == [
        f"interfaces/interface/swp{number}/state/oper-status, {{Deprecated TypedValue_JsonVal"
        for number in (1, 2)
    ]


@awaited
async def test_gnmi_cli_polls(program: Path) -> None:
    async with serving() as (_, server):
        code, out = await Cli(program, server.port).run(
            "-query", "/interfaces", "-query_type", "polling", "-polling_interval", "50ms", "-count", "3"
        )
    assert code == 0, out
    assert out.count("swp1") == 3


@awaited
async def test_gnmi_cli_hears_changes_and_deletes(program: Path) -> None:
    async with serving() as (target, server):
        request = subscribe("STREAM", f"{INTERFACES} mode: ON_CHANGE")
        async with Cli(program, server.port).subscribed(request) as responses:
            dump = await responses.next()
            assert notification(dump)[0].keys() == {path for path in target.state.tree() if "swp" in path}
            assert (await responses.next()).sync_response
            target.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}, (SWP2,)), 6)
            told = await responses.next()
    assert notification(told) == ({f"{SWP1}/state/oper-status": "DOWN"}, [SWP2])
    assert told.update.timestamp == 6


@awaited
async def test_gnmi_cli_hears_samples(program: Path) -> None:
    async with serving() as (_, server):
        request = subscribe("STREAM", f"{CLOCK} mode: SAMPLE sample_interval: 1000000000")
        async with Cli(program, server.port).subscribed(request) as responses:
            first = await responses.next()
            assert (await responses.next()).sync_response
            later = await responses.next()
    assert 0.5e9 < later.update.timestamp - first.update.timestamp < 10e9


@awaited
async def test_gnmi_cli_is_told_what_was_wrong(program: Path) -> None:
    async with serving() as (_, server):
        code, out = await Cli(program, server.port).run("-query", "/nothing/here")
    assert code == 1
    assert "code = InvalidArgument desc = path /nothing/here is unknown" in out


@awaited
async def test_gnmi_cli_talks_tls(program: Path, authority: Authority, certificate: Issued) -> None:
    async with serving(ServerTls(certificate.certificate, certificate.key)) as (_, server):
        trusting = Cli(program, server.port, ("-ca_crt", str(authority.certificate)))
        assert (await trusting.capabilities()).gNMI_version


@awaited
async def test_gnmi_cli_refuses_a_server_of_another_authority(
    program: Path, stranger: Authority, certificate: Issued
) -> None:
    async with serving(ServerTls(certificate.certificate, certificate.key)) as (_, server):
        trusting = Cli(program, server.port, ("-ca_crt", str(stranger.certificate), "-timeout", "1s"))
        code, out = await trusting.run("-capabilities")
    assert code == 1
    assert "could not create a gNMI client" in out


@awaited
async def test_gnmi_cli_shows_its_certificate(
    program: Path, authority: Authority, certificate: Issued, tmp_path: Path
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key, authority.certificate)
    own = authority.issue("collector", [], tmp_path)
    without = ("-ca_crt", str(authority.certificate), "-timeout", "1s")
    async with serving(tls) as (_, server):
        options = (*without, "-client_crt", str(own.certificate), "-client_key", str(own.key))
        assert (await Cli(program, server.port, options).capabilities()).gNMI_version
        code, _ = await Cli(program, server.port, without).run("-capabilities")
        assert code == 1


@awaited
async def test_gnmi_cli_logs_in(program: Path, authority: Authority, certificate: Issued) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    options = ("-ca_crt", str(authority.certificate), "-with_user_pass")
    async with serving(tls, Users({"noc": hash_password("s3cret")})) as (_, server):
        right = Cli(program, server.port, options, {"GNMI_USER": "noc", "GNMI_PASS": "s3cret"})
        wrong = Cli(program, server.port, options, {"GNMI_USER": "noc", "GNMI_PASS": "wrong"})
        code, out = await right.run("-query", "/interfaces")
        assert code == 0, out
        code, out = await wrong.run("-query", "/interfaces")
    assert code == 1
    assert "Unauthenticated desc = unknown user or wrong password" in out


# its thread dies of the end of the stream, as in its issue 112
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@awaited
async def test_pygnmi_asks_and_hears(authority: Authority, certificate: Issued) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with serving(tls, Users({"noc": hash_password("s3cret")})) as (target, server):
        loop = asyncio.get_running_loop()

        def talk() -> None:
            client = gNMIclient(
                target=("localhost", server.port),
                username="noc",
                password="s3cret",
                path_cert=str(authority.certificate),
            )
            with client:
                assert client.capabilities()["gnmi_version"] == "0.8.0"
                answer = client.get(path=[f"{SWP1}/state"], encoding="json_ietf")
                assert answer["notification"][0]["update"][0]["val"] == {
                    "oper-status": "UP",
                    "last-change": "7",
                }
                asked = {"subscription": [{"path": "/interfaces", "mode": "on_change"}], "encoding": "proto"}
                stream = client.subscribe2(asked)
                dump = next(stream)  # all up to the sync
                assert {it["val"] for it in dump["update"]["update"]} == {"UP", 7}
                loop.call_soon_threadsafe(target.state.apply, Delta({}, (SWP2,)), 6)
                told = next(stream)["update"]
                assert (told["prefix"], told["delete"]) == ("interfaces", [{"path": "interface[name=swp2]"}])
                stream.close()
            stream._subscribe_thread.join()

        await asyncio.to_thread(talk)


@awaited
async def test_pygnmi_is_refused_with_a_wrong_password(authority: Authority, certificate: Issued) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with serving(tls, Users({"noc": hash_password("s3cret")})) as (_, server):

        def talk() -> None:
            client = gNMIclient(
                target=("localhost", server.port),
                username="noc",
                password="wrong",
                path_cert=str(authority.certificate),
            )
            with pytest.raises(gNMIException), client:
                client.capabilities()

        await asyncio.to_thread(talk)


def documented() -> list[str]:
    """Return the commands of gnmi_cli in the documentation."""
    text = (Path(__file__).parents[2] / "docs/reference/gnmi-target.md").read_text()
    return [line for line in text.replace("\\\n", " ").splitlines() if line.startswith("gnmi_cli ")]


def test_the_documentation_has_commands() -> None:
    assert len(documented()) == 6


@pytest.mark.parametrize("command", documented())
@awaited
async def test_a_documented_command_works_as_it_stands(
    command: str, program: Path, authority: Authority, certificate: Issued
) -> None:
    tls = ServerTls(certificate.certificate, certificate.key)
    async with serving(tls, Users({"telemetry": hash_password("s3cret")})) as (_, server):
        words = shlex.split(command)[1:]
        there = {"127.0.0.1:9339": f"127.0.0.1:{server.port}", "fabric/ca.pem": str(authority.certificate)}
        cli = Cli(
            program, server.port, [there.get(word, word) for word in words],
            {"GNMI_USER": "telemetry", "GNMI_PASS": "s3cret"},
        )  # fmt: skip
        if "STREAM" not in command:
            code, out = await cli.run()
            assert code == 0, out
            assert out.count("openconfig-interfaces" if "-capabilities" in words else "swp1") in (1, 3)
            return
        async with cli.running() as process:
            responses = Responses(process)
            assert (await responses.next()).update.update
            assert (await responses.next()).sync_response
