"""The agent on a leaf of a living fabric: what its subscribers hear, and what it may do."""

import asyncio
import grp
import pwd
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
import trustme
from pygnmi.client import gNMIclient

from targets.frr.commands import Parsed, answer_of, commands, documents_of
from targets.frr.families import View, hear
from targets.frr.service import branches_of
from targets.openconfig.families import FAMILIES, LIVENESS_PATH
from targets.tree import Tree
from tests.lab.agents import LOGIN, NAME, USER, Agent, events, running_agent
from tests.lab.fabric import LOOPBACKS, Lab, host
from tests.targets.gnmi.client import SAMPLE, Client, Heard, Subscription, awaited, path, subscribe, text

pytestmark = pytest.mark.services

NODE = "l3"
NOT_HERE = ("liveness", "lacp", "lldp", "bfd", "isis", "ospf")
"""Families of daemons that don't run here, and those that FRRouting knows nothing of."""
FAMILY_NAMES = tuple(name for name in FAMILIES if name not in NOT_HERE)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def agent(lab: Lab, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with running_agent(lab, NODE, authority, tmp_path_factory.mktemp("agent")) as running:
        yield running


@asynccontextmanager
async def client_of(
    agent: Agent, authority: trustme.CA, login: tuple[str, str] = LOGIN
) -> AsyncIterator[Client]:
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    options = [("grpc.ssl_target_name_override", NAME)]
    async with grpc.aio.secure_channel(f"127.0.0.1:{agent.port}", credentials, options) as channel:
        yield Client(channel, dict(zip(("username", "password"), login, strict=True)))


@dataclass
class Following:
    """The families' streams, each read as it comes."""

    heard: dict[str, Heard] = field(default_factory=dict)
    unlike: dict[str, object] = field(default_factory=dict)

    @property
    def trees(self) -> dict[str, Tree]:
        return {family: heard.tree for family, heard in self.heard.items()}

    @property
    def deletes(self) -> int:
        return sum(len(one.delete) for heard in self.heard.values() for one in heard.notifications)

    def like(self, lab: Lab, node: str) -> bool:
        """Tell whether this is what offline mapping gives of what the node answers now."""
        self.unlike = differences(self.trees, offline(lab, node))
        return not self.unlike

    async def until(self, condition: Callable[[], object], what: str, limit_s: float = 20) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, (what, self.unlike)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def following(client: Client, *families: str) -> AsyncIterator[Following]:
    """Subscribe to families as a collector does: an RPC each."""
    found = Following()
    tasks = []
    for family in families or FAMILY_NAMES:
        found.heard[family] = Heard()
        stream = await client.stream(subscribe(*branches_of(family)))
        tasks.append(asyncio.create_task(_read(stream, found.heard[family])))
    try:
        yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def partial_polls(agent: Agent) -> float:
    return agent.metrics()['fabricscope_agent_polls_total{result="partial"}']


async def _read(stream: Any, heard: Heard) -> None:
    while (message := await stream.call.read()) is not grpc.aio.EOF:
        heard.hear(message)


def offline(lab: Lab, node: str) -> Mapping[str, Tree]:
    """Return what offline mapping gives for what the node answers now."""
    documents: dict[str, object] = {}
    for command in commands(lab.namespaces.name(node)):
        done = subprocess.run(
            ["ip", "netns", "exec", lab.namespaces.name(node), *command.arguments],
            check=False,
            capture_output=True,
            timeout=30,
        )
        trouble = None if done.returncode == 0 else "it failed"
        documents |= documents_of(Parsed(), answer_of(command, done.stdout, trouble))[0]
    trees = hear(View(), documents).view.trees
    return {
        family: {text(path(leaf)): value for leaf, value in tree.items()} for family, tree in trees.items()
    }


def differences(mine: Mapping[str, Tree], others: Mapping[str, Tree]) -> dict[str, object]:
    """Return leaves that differ, but for times, which bgpd works out anew at each question to a second."""
    return {
        leaf: (mine[family].get(leaf), others[family].get(leaf))
        for family in FAMILY_NAMES
        for leaf in mine[family].keys() | others[family].keys()
        if not leaf.endswith("/last-established") and mine[family].get(leaf) != others[family].get(leaf)
    }


@awaited
async def test_its_tree_is_what_offline_mapping_gives_of_the_same_documents(
    lab: Lab, agent: Agent, authority: trustme.CA
) -> None:
    lab.speak(host(1010, 30), "l1")
    lab.speak(host(1020, 31), NODE)
    lab.speak(host(1010, 32), "l1", port="bond1")
    async with client_of(agent, authority) as client, following(client) as fabric:
        await fabric.until(lambda: fabric.like(lab, NODE), "the same tree")
        assert all(heard.syncs == 1 for heard in fabric.heard.values())
        assert all(fabric.trees[family] for family in ("routes", "mac", "vtep", "link", "bgp"))
        assert not fabric.trees["es"], "the segment is not l3's"


@awaited
async def test_a_host_that_moves_is_heard_of_within_two_polls(
    lab: Lab, agent: Agent, authority: trustme.CA
) -> None:
    guest = host(1010, 33)

    def producers() -> set[str]:
        leaves = (leaf for leaf in fabric.trees["mac"] if guest.mac in leaf and "/mac-table/" in leaf)
        return {leaf.partition("[producer=")[2].partition("]")[0] for leaf in leaves} - {""}

    async with client_of(agent, authority) as client, following(client, "mac") as fabric:
        lab.speak(guest, NODE)
        await fabric.until(lambda: producers() == {"LOCAL"}, "the host at its own port", 5)
        # who has not heard of it elsewhere takes it for new, not for moved
        await fabric.until(lambda: lab.where("l1", guest) == LOOPBACKS[NODE], "the host known to l1", 5)
        lab.speak(guest, "l1")
        await fabric.until(lambda: producers() == {"BGP"}, "the host at another leaf", 5)


@awaited
async def test_without_bgpd_nothing_is_gone_that_nobody_said_was_gone(
    lab: Lab, agent: Agent, authority: trustme.CA
) -> None:
    async with client_of(agent, authority) as client, following(client) as fabric:
        await fabric.until(lambda: fabric.like(lab, NODE), "the same tree")
        before = {family: dict(fabric.trees[family]) for family in ("routes", "bgp")}
        polls = partial_polls(agent)
        lab.stop_bgpd(NODE)
        await fabric.until(lambda: partial_polls(agent) >= polls + 2, "two polls without bgpd")
        assert {family: fabric.trees[family] for family in ("routes", "bgp")} == before
        assert agent.metrics()['fabricscope_agent_no_answer{asked="bgpd"}'] == 1
        lab.link(NODE, "up1", "down")
        down = "/interfaces/interface[name=up1]/state/oper-status"
        await fabric.until(lambda: fabric.trees["link"][down] != "UP", "the kernel is still heard")
        lab.link(NODE, "up1", "up")
        lab.start_bgpd(NODE)
        lab.wait(lab.converged, "the fabric")
        await fabric.until(lambda: fabric.like(lab, NODE), "the same tree again")
        assert all(heard.syncs == 1 for heard in fabric.heard.values()), "no session ended"


@awaited
async def test_a_host_whose_daemon_hangs_shows_no_sign_of_life_until_it_goes_on(
    lab: Lab, agent: Agent, authority: trustme.CA
) -> None:
    second_ns = 1_000_000_000
    beats: list[float] = []

    async def read(stream: Any) -> None:
        while (message := await stream.call.read()) is not grpc.aio.EOF:
            beats.extend(time.monotonic() for _ in message.update.update)

    async with client_of(agent, authority) as client:
        clock = Subscription(LIVENESS_PATH, mode=SAMPLE, interval_ns=second_ns)
        task = asyncio.create_task(read(await client.stream(subscribe(clock))))
        waiting = Following()
        await waiting.until(lambda: len(beats) > 2, "signs of life")
        lab.hang_bgpd(NODE)
        try:
            silence_s = 3 * second_ns / 1e9
            await waiting.until(lambda: time.monotonic() - beats[-1] > silence_s, "silence", 12)
            said = len(beats)
        finally:
            lab.resume_bgpd(NODE)
        await waiting.until(lambda: len(beats) > said, "signs of life again", 10)
        task.cancel()


@awaited
async def test_who_begins_while_bgpd_is_down_hears_no_sync_of_routes_before_it_is_back(
    lab: Lab, authority: trustme.CA, tmp_path: Path
) -> None:
    lab.stop_bgpd("l2")
    try:
        with running_agent(lab, "l2", authority, tmp_path) as late:
            async with client_of(late, authority) as client, following(client) as fabric:

                def synced() -> set[str]:
                    return {family for family, heard in fabric.heard.items() if heard.syncs}

                known = set(FAMILY_NAMES) - {"routes", "bgp"}
                await fabric.until(lambda: synced() == known, "what zebra and the kernel know")
                polls = partial_polls(late)
                await fabric.until(lambda: partial_polls(late) >= polls + 2, "two polls without bgpd")
                assert synced() == known, "of bgpd nothing is known, not that it has nothing"
                lab.start_bgpd("l2")
                await fabric.until(lambda: synced() == set(FAMILY_NAMES), "all of it")
                assert fabric.trees["routes"]
            assert late.stop() == 0
    finally:
        lab.wait(lab.converged, "the fabric")


def test_it_runs_as_nobody_special_with_nothing_to_gain(agent: Agent) -> None:
    user, vty = pwd.getpwnam(USER), grp.getgrnam("frrvty").gr_gid
    threads = list(Path(f"/proc/{agent.process.pid}/task").iterdir())
    for thread in threads:
        status = dict(
            line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line
        )
        assert status["Uid"].split() == [str(user.pw_uid)] * 4
        assert status["Gid"].split() == [str(user.pw_gid)] * 4
        assert status["Groups"].split() == [str(vty)]
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0
        assert status["NoNewPrivs"].strip() == "1"
    assert len(threads) > 1


@awaited
async def test_who_has_no_password_hears_nothing(agent: Agent, authority: trustme.CA) -> None:
    async with client_of(agent, authority, (LOGIN[0], "wrong")) as client:
        stream = await client.stream(subscribe("/interfaces"))
        code, _ = await stream.refused()
        assert code == grpc.StatusCode.UNAUTHENTICATED
    async with client_of(agent, trustme.CA()) as client:
        with pytest.raises(grpc.aio.AioRpcError, match="UNAVAILABLE"):
            await client.capabilities()


def test_pygnmi_reads_it(agent: Agent, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with gNMIclient(
        target=("127.0.0.1", agent.port),
        username=LOGIN[0],
        password=LOGIN[1],
        path_cert=str(tmp_path / "ca.pem"),
        override=NAME,
    ) as client:
        answer = client.get(path=["/interfaces/interface[name=up1]/state/oper-status"], encoding="json_ietf")
        assert orjson.dumps(answer).count(b'"UP"') == 1


def test_it_ends_when_it_is_told_to_and_takes_its_commands_along(
    lab: Lab, authority: trustme.CA, tmp_path: Path
) -> None:
    with running_agent(lab, "s2", authority, tmp_path) as leaving:
        lab.hang_bgpd("s2")
        try:
            lab.wait(lambda: "vtysh" in _programs(lab, "s2"), "a vtysh that hangs", 5)
            time.sleep(1.5)  # longer than a poll takes: it does hang
            began = time.monotonic()
            assert leaving.stop() == 0
            assert time.monotonic() - began < 3
            assert "vtysh" not in _programs(lab, "s2")
        finally:
            lab.resume_bgpd("s2")
        assert not [event for event in events(leaving.log) if event.get("level") == "error"]
    lab.wait(lab.converged, "the fabric")


def _programs(lab: Lab, node: str) -> list[str]:
    pids = subprocess.run(
        ["ip", "netns", "pids", lab.namespaces.name(node)], check=True, capture_output=True, text=True
    ).stdout.split()
    found = []
    for pid in pids:
        try:
            found.append(Path(f"/proc/{pid}/comm").read_text().strip())
        except FileNotFoundError:
            continue
    return found
