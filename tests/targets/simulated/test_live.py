"""The fabric live: a process that serves targets, told what to do through its standard input."""

import asyncio
import json
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from collectors.credentials import resolved
from collectors.inventory_file import read_inventory
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from tests.targets.gnmi.client import Client, Heard, Stream, awaited, path, subscribe, text

PORTS = "/interfaces/interface/state/oper-status"
CLOCK = "/system/state/current-datetime"
IN_TIME_S = 20


class Live:
    """A running ``fabricscope simulate``."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process, self.folder = process, folder
        self.ready: dict[str, Any] = {}

    async def told(self, state: str) -> dict[str, Any]:
        """Return the next line of standard output, which has to be of this state."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), IN_TIME_S)
        assert line, await self.rest()
        told: dict[str, Any] = json.loads(line)
        assert told["state"] == state
        return told

    async def rest(self) -> str:
        assert self.process.stderr is not None
        return (await asyncio.wait_for(self.process.stderr.read(), IN_TIME_S)).decode()

    async def error_with(self, words: str) -> str:
        """Return the next line of standard error with these words."""
        assert self.process.stderr is not None
        while line := (await asyncio.wait_for(self.process.stderr.readline(), IN_TIME_S)).decode():
            if words in line:
                return line
        raise AssertionError(f"no line with {words!r}")

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), IN_TIME_S)

    def truth(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "truth.jsonl").read_text().splitlines()]

    @asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[Client]:
        """Dial a target as its inventory says."""
        target = read_inventory(self.folder / "inventory.yaml").targets[name]
        assert target.tls is not None
        assert target.tls.ca is not None
        assert target.credentials is not None
        credentials = grpc.ssl_channel_credentials(target.tls.ca.read_bytes())
        async with grpc.aio.secure_channel(target.endpoint, credentials) as channel:
            login = resolved(target.credentials)
            yield Client(channel, {"username": login.username, "password": login.password})


@asynccontextmanager
async def live(folder: Path, *options: str) -> AsyncIterator[Live]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fabricscope", "simulate", "--folder", str(folder), *options),
        stdin=pipe, stdout=pipe, stderr=pipe,
    )  # fmt: skip
    try:
        running = Live(process, folder)
        running.ready = await running.told("ready")
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(stream: Stream, heard: Heard, leaf: str, value: object) -> None:
    while heard.tree.get(leaf) != value:
        message = await stream.read()
        assert message is not None
        heard.hear(message)


async def answered(client: Client, asked: str) -> Heard:
    """Ask a target that boots until it answers."""
    deadline = asyncio.get_running_loop().time() + IN_TIME_S
    while True:
        try:
            return await client.once(asked)
        except grpc.aio.AioRpcError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)


def port(name: str) -> str:
    return f"/interfaces/interface[name={name}]/state/oper-status"


@awaited
async def test_what_is_typed_happens_and_is_told(tmp_path: Path) -> None:
    async with live(tmp_path, "--scenario", "idle", "--interactive") as running:
        await running.told("playing")
        async with running.client("leaf-1") as leaf, running.client("spine-1") as spine:
            streams = [await it.stream(subscribe(PORTS)) for it in (leaf, spine)]
            states = [await stream.until_sync() for stream in streams]
            running.type("link-down leaf-1 eth1")
            for stream, heard in zip(streams, states, strict=True):
                await until(stream, heard, port("eth1"), "DOWN")
        running.type("link-down leaf-1 eth7")
        assert "leaf-1 has no link eth7 to the fabric; it has eth1, eth2" in await running.error_with("error")
        running.type("lnik-down leaf-1 eth1")
        assert "there is no verb 'lnik-down'" in await running.error_with("error")
        running.type("mac-move h1 'leaf-2")
        assert "can't be read" in await running.error_with("error")
        running.type("quit")
        assert await running.ended() == 0
    assert [line["action"] for line in running.truth()] == ["start", "link-down", "end"]


@awaited
async def test_the_targets_show_the_fabric_that_the_seed_makes(tmp_path: Path) -> None:
    options = ("--scenario", "idle", "--keep", "--no-interactive", "--seed", "3", "--design", "ibgp")
    async with live(tmp_path, *options) as running, running.client("leaf-2") as leaf:
        fabric = Fabric.build(Design(routing="ibgp"), 3)
        roots = ("/network-instances", "/ethernet-segments", "/interfaces", "/lacp", "/lldp", "/bfd")
        heard = await leaf.once(*roots)
        shown = fabric.trees(fabric.devices["leaf-2"])
        whole = {text(path(leaf)): value for tree in shown.values() for leaf, value in tree.items()}
        assert heard.tree.keys() == whole.keys()
        assert heard.tree == whole
        running.process.send_signal(signal.SIGTERM)
        assert await running.ended() == 0  # its scenario was over


@awaited
async def test_a_silent_target_says_nothing_and_a_dead_one_can_be_dialled_again(tmp_path: Path) -> None:
    async with live(tmp_path, "--scenario", "idle", "--interactive") as running:
        async with running.client("leaf-3") as leaf:
            stream = await leaf.stream(subscribe(PORTS))
            heard = await stream.until_sync()
            running.type("telemetry-down leaf-3")
            running.type("link-down leaf-3 eth2")
            await running.error_with("link-down")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.call.read(), 0.5)
            heard = Heard()
        async with running.client("leaf-3") as leaf:
            stream = await leaf.stream(subscribe(PORTS))
            running.type("telemetry-up leaf-3")
            await until(stream, heard, port("eth2"), "DOWN")
            running.type("leaf-down leaf-3")
            assert (await stream.refused())[0] is grpc.StatusCode.UNAVAILABLE
        running.type("leaf-up leaf-3")
        async with running.client("leaf-3") as leaf:
            again = await answered(leaf, PORTS)
            assert again.tree[port("eth1")] == "UP"
            assert again.tree[port("eth2")] == "DOWN"  # that cable is still out


@awaited
async def test_a_skewed_clock_shows_in_samples(tmp_path: Path) -> None:
    async with (
        live(tmp_path, "--scenario", "idle", "--interactive") as running,
        running.client("spine-2") as spine,
    ):
        before = str((await spine.once(CLOCK)).tree[CLOCK])
        running.type("clock-skew spine-2 3600")
        await running.error_with("clock-skew")
        after = str((await spine.once(CLOCK)).tree[CLOCK])
        assert before[:13] != after[:13]


@awaited
async def test_a_scenario_that_waits_begins_when_all_is_subscribed(tmp_path: Path) -> None:
    size = ("--spines", "1", "--leaves", "2", "--hosts", "8")
    async with live(tmp_path, "--scenario", "calm", "--wait", "--no-interactive", *size) as running:
        from collectors.profiles import profile

        families = [subscribe(*one.paths) for one in profile("openconfig").subscriptions]
        opened = []
        for name in running.ready["ports"]:
            client = running.client(name)
            dialled = await client.__aenter__()
            opened.append(client)
            for asked in families:
                await (await dialled.stream(asked)).until_sync()
        assert (await running.told("playing"))["scenario"] == "calm"
        running.process.send_signal(signal.SIGINT)
        assert (await running.told("ended"))["complete"] is False
        assert await running.ended() == 1
        assert "interrupted before the scenario ended" in await running.rest()
        for client in opened:
            await client.__aexit__(None, None, None)


@awaited
async def test_nobody_gets_in_without_password_or_with_another_authority(tmp_path: Path) -> None:
    async with live(tmp_path / "one", "--scenario", "idle", "--interactive") as running:
        target = read_inventory(running.folder / "inventory.yaml").targets["leaf-1"]
        ca = grpc.ssl_channel_credentials((running.folder / "ca.pem").read_bytes())
        async with grpc.aio.secure_channel(target.endpoint, ca) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await Client(channel).once(PORTS)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for secret in [running.folder / "password", *running.folder.glob("certificates/*.key")]:
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
