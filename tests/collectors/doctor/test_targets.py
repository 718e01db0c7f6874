"""What the doctor finds of a device in the test's own process, whole or with one thing wrong."""

import asyncio
import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from collectors.doctor import clock
from collectors.doctor.findings import Finding, Level
from collectors.doctor.targets import examine
from collectors.inventory import Credentials, Target, Tls
from collectors.profiles import profile
from targets.gnmi.access import ServerTls, Users, hash_password
from targets.gnmi.target import Model
from targets.gnmi.target import Target as Device
from tests.collectors.devices import Authority, device, serving, target

PROFILE = profile("openconfig")
NOW = datetime.fromtimestamp(time.time(), UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def looked_at(*targets: Target, deadline_s: float = 20) -> list[Finding]:
    return await examine(targets, deadline_s, lambda _: None)


def examined(
    served: Device,
    *,
    shown: ServerTls | None = None,
    users: Users | None = None,
    deadline_s: float = 20,
    **settings: Any,
) -> list[Finding]:
    """Serve a device and return what the doctor finds of it."""

    async def run() -> list[Finding]:
        async with serving(served, tls=shown, users=users) as server:
            return await looked_at(target(server.port, **settings), deadline_s=deadline_s)

    return asyncio.run(run())


def of(check: str, findings: list[Finding]) -> Finding:
    """Return the one finding of a check."""
    (found,) = [one for one in findings if one.check == check]
    return found


def healthy() -> Device:
    served = device()
    served.models = (Model("openconfig-interfaces"), Model("ietf-interfaces", organization="IETF"))
    return served


def test_a_device_that_is_fine_has_nothing_but_fine_findings(authority: Authority) -> None:
    found = examined(healthy(), shown=authority.server("127.0.0.1"), tls=Tls(ca=authority.pem))
    assert {finding.level for finding in found} == {Level.OK}
    assert [finding.check for finding in found] == [
        "files",
        "tcp",
        "tls",
        "capabilities",
        *(f"paths {family}" for family in PROFILE.families),
        "clock",
    ]
    assert "1 of them openconfig, PROTO" in of("capabilities", found).what
    assert "accepted, and empty now" in of("paths bgp", found).what
    assert "PROTO: " in of("paths link", found).what


def test_a_device_without_tls_is_looked_at_and_warned_of() -> None:
    found = examined(healthy())
    assert of("files", found).level is Level.WARNING
    assert of("clock", found).level is Level.OK
    assert not [finding for finding in found if finding.check == "tls"]


def test_a_refused_path_is_named_and_its_family_alone_is_an_error() -> None:
    served = healthy()
    served.faults.refused = frozenset({"/network-instances/network-instance/fdb/l2rib"})
    found = examined(served)
    refused = of("paths mac", found)
    assert refused.level is Level.ERROR
    assert "/network-instances/network-instance/fdb/l2rib (INVALID_ARGUMENT" in refused.what
    assert "mac-table" not in refused.what
    assert {one.level for one in found if one.check.startswith("paths") and one is not refused} == {Level.OK}


def test_a_device_that_does_not_implement_capabilities_works() -> None:
    served = healthy()
    served.faults.no_capabilities = True
    found = examined(served)
    assert "not implemented" in of("capabilities", found).what
    assert {one.level for one in found} == {Level.OK, Level.WARNING}  # insecure


def test_a_device_without_the_profile_s_models_is_warned_of() -> None:
    served = device()
    served.models = (Model("ietf-interfaces", organization="IETF"),)
    assert of("capabilities", examined(served)).level is Level.WARNING


@pytest.mark.parametrize(
    ("ahead_s", "level"),
    [
        (4.5, Level.OK),
        (5.5, Level.WARNING),
        (-5.5, Level.WARNING),
        (-59, Level.WARNING),
        (61, Level.ERROR),
        (-3600, Level.ERROR),
    ],
)
def test_a_clock_that_is_off_is_told(ahead_s: float, level: Level) -> None:
    served = healthy()
    served.clock = lambda: time.time_ns() + int(ahead_s * 1e9)
    found = of("clock", examined(served))
    assert found.level is level
    assert ("ahead of" if ahead_s > 0 else "behind") in found.what


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("wrong CA", "comes from an authority that is not trusted"),
        ("wrong name", "is for leaf2.example, 192.0.2.1, not for 127.0.0.1"),
        ("expired", "expired on 2021-01-01 00:00 UTC"),
        ("no TLS", "no TLS connection"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(
    fault: str, sentence: str, authority: Authority, tmp_path: Path
) -> None:
    shown: dict[str, ServerTls | None] = {
        "wrong CA": Authority(tmp_path).server("127.0.0.1"),
        "wrong name": authority.server("leaf2.example", "192.0.2.1"),
        "expired": authority.server("127.0.0.1", not_after=datetime(2021, 1, 1, tzinfo=UTC)),
        "no TLS": None,
    }
    found = examined(healthy(), shown=shown[fault], tls=Tls(ca=authority.pem))
    assert of("tls", found).level is Level.ERROR
    assert sentence in of("tls", found).what
    assert of("tls", found).remedy
    assert of("capabilities", found).level is Level.ERROR
    assert of("paths, clock", found).level is Level.UNKNOWN


@pytest.mark.parametrize(("days", "level"), [(29, Level.WARNING), (31, Level.OK)])
def test_a_certificate_that_expires_within_30_days_is_warned_of(
    days: int, level: Level, authority: Authority
) -> None:
    shown = authority.server("127.0.0.1", not_after=NOW + timedelta(days=days))
    found = of("tls", examined(healthy(), shown=shown, tls=Tls(ca=authority.pem)))
    assert found.level is level
    assert f"{NOW + timedelta(days=days):%Y-%m-%d}" in found.what


def test_a_certificate_is_for_the_name_that_the_inventory_says(authority: Authority) -> None:
    tls = Tls(ca=authority.pem, server_name="leaf2.example")
    assert of("tls", examined(healthy(), shown=authority.server("leaf2.example"), tls=tls)).level is Level.OK


def test_a_client_certificate_that_is_wanted_and_not_given_is_told(authority: Authority) -> None:
    shown = replace(authority.server("127.0.0.1"), client_ca=authority.pem)
    found = examined(healthy(), shown=shown, tls=Tls(ca=authority.pem))
    assert of("capabilities", found).level is Level.ERROR
    assert "client certificate" in of("capabilities", found).remedy
    certificate, key = authority.issue("collector")
    key.chmod(0o600)
    found = examined(healthy(), shown=shown, tls=Tls(ca=authority.pem, certificate=certificate, key=key))
    assert {finding.level for finding in found} == {Level.OK}


def test_a_wrong_password_is_told_without_showing_it(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = Users({"fabricscope": hash_password("open sesame")})
    login = Credentials(username="fabricscope", password="env:LEAF_PASSWORD")
    shown, tls = authority.server("127.0.0.1"), Tls(ca=authority.pem)
    monkeypatch.setenv("LEAF_PASSWORD", "hunter2")
    found = examined(healthy(), shown=shown, users=users, tls=tls, credentials=login)
    assert "UNAUTHENTICATED" in of("capabilities", found).what
    assert "hunter2" not in str(found)
    monkeypatch.setenv("LEAF_PASSWORD", "open sesame")
    found = examined(healthy(), shown=shown, users=users, tls=tls, credentials=login)
    assert of("capabilities", found).level is Level.OK
    monkeypatch.delenv("LEAF_PASSWORD")
    found = examined(healthy(), shown=shown, users=users, tls=tls, credentials=login)
    assert "LEAF_PASSWORD, which is not set" in found[0].what
    assert of("capabilities, paths, clock", found).level is Level.UNKNOWN


def test_a_port_where_nobody_listens_is_told_and_the_rest_is_unknown() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        found = asyncio.run(looked_at(target(unused.getsockname()[1])))
    assert "nobody listens" in of("tcp", found).what
    assert of("tls, capabilities, paths, clock", found).level is Level.UNKNOWN


def test_a_name_without_an_address_is_told() -> None:
    found = asyncio.run(looked_at(replace(target(9339), address="leaf1.invalid")))
    assert of("name", found).level is Level.ERROR
    assert not [one for one in found if one.check == "tcp"]


def test_a_name_is_told_with_its_addresses() -> None:
    async def run() -> list[Finding]:
        async with serving(healthy()) as server:
            return await looked_at(replace(target(server.port), address="localhost"))

    assert "127.0.0.1" in of("name", asyncio.run(run())).what


def test_a_device_that_hangs_costs_its_deadline_and_not_the_others() -> None:
    hanging = healthy()
    hanging.faults.silence()
    told: list[int] = []

    async def run() -> list[Finding]:
        async with serving(hanging) as first, serving(healthy()) as second:
            targets = [replace(target(first.port), name="hangs"), replace(target(second.port), name="well")]
            return await examine(targets, 2, lambda found: told.append(len(found)))

    found = asyncio.run(run())
    late = of("time", found)
    assert (late.where, late.level) == ("hangs", Level.ERROR)
    assert {one.level for one in found if one.where == "well"} == {Level.OK, Level.WARNING}
    assert len(told) == 2


def test_a_device_that_sends_garbage_is_told() -> None:
    async def garbage(_requests: object, context: Any) -> None:
        await context.write(b"\x0a\xff no SubscribeResponse")

    async def run() -> list[Finding]:
        server = grpc.aio.server()
        handlers: dict[str, Any] = {"Subscribe": grpc.stream_stream_rpc_method_handler(garbage)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("gnmi.gNMI", handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await looked_at(target(port))
        finally:
            await server.stop(None)

    found = asyncio.run(run())
    families = [one for one in found if one.check.startswith("paths")]
    assert {one.level for one in families} == {Level.ERROR}
    assert all("no SubscribeResponse" in one.what for one in families)
    assert of("clock", found).level is Level.UNKNOWN


def test_files_that_are_missing_or_do_not_fit_are_told(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.issue("collector")
    _, other_key = authority.issue("somebody")
    shown = authority.server("127.0.0.1")
    found = examined(healthy(), shown=shown, tls=Tls(ca=tmp_path / "none.pem"))
    assert "none.pem: No such file" in of("files", found).what
    assert of("tls", found).level is Level.UNKNOWN
    found = examined(healthy(), shown=shown, tls=Tls(ca=other_key))
    assert "no PEM certificate" in of("files", found).what
    found = examined(
        healthy(), shown=shown, tls=Tls(ca=authority.pem, certificate=certificate, key=other_key)
    )
    assert any("can't be used together" in one.what for one in found if one.check == "files")


def test_an_encrypted_client_key_is_refused_and_nobody_is_asked_for_its_passphrase(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = authority.issue("collector")
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"the wrong one is asked for")
        )
    )
    key.chmod(0o600)
    without_callback: list[Path] = []

    load = ssl.SSLContext.load_cert_chain

    def load_cert_chain(context: Any, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        if password is None:  # OpenSSL would ask the terminal, and wait
            without_callback.append(keyfile)
            raise OSError(f"asks for the passphrase of {keyfile}")
        load(context, certfile, keyfile, password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_cert_chain)
    tls = Tls(ca=authority.pem, certificate=certificate, key=key)
    found = examined(healthy(), shown=authority.server("127.0.0.1"), tls=tls)
    assert not without_callback
    (refused,) = [one for one in found if one.check == "files" and one.level is Level.ERROR]
    assert f"{key}: the client key is encrypted: give one without a passphrase" in refused.what
    assert of("tls", found).level is Level.UNKNOWN
    assert of("capabilities, paths, clock", found).level is Level.UNKNOWN


def test_an_error_that_nobody_foresaw_costs_one_target_its_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    async def odd(_client: object, one: Target, *_: object) -> list[Finding]:
        if one.name == "odd":
            raise ValueError("a name of 254 characters")
        return []

    monkeypatch.setattr(clock, "check", odd)

    async def run() -> list[Finding]:
        async with serving(healthy()) as server:
            return await looked_at(*(replace(target(server.port), name=name) for name in ("odd", "well")))

    found = asyncio.run(run())
    unforeseen = of("doctor", found)
    assert (unforeseen.where, unforeseen.level) == ("odd", Level.UNKNOWN)
    assert "ValueError: a name of 254 characters" in unforeseen.what
    assert {one.check for one in found if one.where == "odd"} > {"files", "tcp", "capabilities"}
    assert {one.level for one in found if one.where == "well"} == {Level.OK, Level.WARNING}


@pytest.mark.parametrize(("mode", "level"), [(0o640, Level.OK), (0o644, Level.WARNING)])
def test_a_password_that_everybody_can_read_is_warned_of(
    mode: int, level: Level, authority: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame")
    secret.chmod(mode)
    login = Credentials(username="fabricscope", password=f"file:{secret}")
    found = examined(
        healthy(), shown=authority.server("127.0.0.1"), tls=Tls(ca=authority.pem), credentials=login
    )
    assert found[0].level is level
