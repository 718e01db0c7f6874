"""What the event loop makes of what the agent's thread says, heard through a real server."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from targets.frr import service
from targets.frr.agent import Figures
from targets.frr.service import Relay, branches_of, host_target
from targets.gnmi.unheard import Unheard
from targets.openconfig.families import FAMILIES, LIVENESS_PATH
from targets.tree import Delta
from tests.targets.gnmi.client import Heard, Stream, awaited, subscribe, talking

LINK = "/interfaces/interface[name=swp1]/state/oper-status"


def raised(error: Exception) -> None:
    raise error


async def in_a_thread(action: Callable[[], None]) -> None:
    """Do something where the agent does it, and let the loop take it in."""
    thread = threading.Thread(target=action)
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)


async def heard_until(stream: Stream, heard: Heard, condition: Callable[[], object]) -> None:
    while not condition():
        heard.hear(await stream.read())


@awaited
async def test_a_dump_ends_once_its_family_has_been_heard_and_not_before() -> None:
    target = host_target()
    relay = Relay(target, asyncio.get_running_loop(), raised)
    async with talking(target) as (client, _):
        links, routes = Heard(), Heard()
        link_stream = await client.stream(subscribe(*branches_of("link")))
        route_stream = await client.stream(subscribe(*branches_of("routes")))
        await in_a_thread(lambda: relay.changed("link", Delta({LINK: "UP"}), 7))
        await heard_until(link_stream, links, lambda: links.tree)
        assert links.syncs == 0, "the poll goes on: other sources of the family may have more"
        await in_a_thread(lambda: relay.known(("link",)))
        await heard_until(link_stream, links, lambda: links.syncs)
        assert links.tree == {LINK: "UP"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(route_stream.call.read()), 0.3)
        assert routes.syncs == 0


@awaited
async def test_once_is_answered_with_what_is_known_or_not_at_all() -> None:
    target = host_target()
    relay = Relay(target, asyncio.get_running_loop(), raised)
    async with talking(target) as (client, _):
        refused = await client.stream(subscribe("/interfaces", mode=1))
        code, details = await refused.refused()
        assert code.name == "UNAVAILABLE"
        assert "/interfaces/interface" in details
        await in_a_thread(lambda: relay.changed("link", Delta({LINK: "UP"}), 7))
        await in_a_thread(lambda: relay.known(("link",)))
        assert (await client.once("/interfaces")).tree == {LINK: "UP"}


@awaited
async def test_a_large_difference_comes_whole_and_in_portions() -> None:
    target = host_target()
    relay = Relay(target, asyncio.get_running_loop(), raised)
    tree = {f"/interfaces/interface[name=swp{n}]/state/oper-status": "UP" for n in range(1_200)}
    async with talking(target) as (client, _):
        heard = Heard()
        stream = await client.stream(subscribe(*branches_of("link")))
        await in_a_thread(lambda: relay.changed("link", Delta(tree), 7))
        await heard_until(stream, heard, lambda: len(heard.tree) == len(tree))
        assert heard.tree == tree
        assert max(len(one.update) for one in heard.notifications) <= 500


@awaited
async def test_a_sign_of_life_is_shown_for_a_while() -> None:
    target = host_target()
    relay = Relay(target, asyncio.get_running_loop(), raised)
    assert LIVENESS_PATH not in target.state.tree(), "the clock of the process is none of the host"
    await in_a_thread(lambda: relay.alive(1_700_000_000_000_000_000, 60))
    assert target.state.tree()[LIVENESS_PATH] == "2023-11-14T22:13:20.000000+00:00"


def test_a_sign_of_life_fades_unless_another_comes() -> None:
    life_s = 0.2

    async def live() -> None:
        target = host_target()
        loop = asyncio.get_running_loop()
        relay = Relay(target, loop, raised)
        begun = loop.time()
        for beat in range(4):
            relay.alive(beat, life_s)
            await asyncio.sleep(0.1)
            assert LIVENESS_PATH in target.state.tree(), "each sign lengthens its life"
        assert loop.time() - begun > life_s
        while LIVENESS_PATH in target.state.tree():
            assert loop.time() - begun < 5
            await asyncio.sleep(0.02)

    asyncio.run(live())


def test_every_family_is_waited_for_but_the_clock() -> None:
    assert branches_of("liveness") == ()
    assert all(branches_of(family) for family in FAMILIES if family != "liveness")


@awaited
async def test_who_waits_for_several_branches_waits_for_all() -> None:
    from targets.gnmi.views import View
    from targets.gnmi.wire import Encoding

    unheard = Unheard(("/a/b", "/a/c", "/d"))
    view = View(("/a",), Encoding.PROTO)
    waiting = asyncio.create_task(unheard.wait(view))
    for branch in ("/d", "/a/b"):
        unheard.hear([branch])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    unheard.hear(["/a/c"])
    await asyncio.wait_for(waiting, 5)
    assert unheard.of(view) is None


@awaited
async def test_a_change_that_fails_is_the_last_one_and_is_told_once() -> None:
    target, failures = host_target(), list[Exception]()
    relay = Relay(target, asyncio.get_running_loop(), failures.append)
    await in_a_thread(lambda: relay.changed("link", Delta({LINK: "UP"}), 7))
    before = target.state.tree()
    await in_a_thread(lambda: relay.changed("link", Delta({"/no]path/x": "UP"}), 8))
    await in_a_thread(lambda: relay.changed("link", Delta({LINK: "DOWN"}), 9))
    await in_a_thread(lambda: relay.changed("link", Delta({"/no]path/x": "UP"}), 10))
    assert target.state.tree() == before
    assert [type(error) for error in failures] == [ValueError]


def test_the_process_ends_with_a_change_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class OddAgent:
        def __init__(self, _host: object, relay: Relay, _figures: object) -> None:
            self.relay = relay

        def run(self, stop: threading.Event) -> None:
            self.relay.changed("link", Delta({"/no]path/x": "UP"}), 8)
            assert stop.wait(30), "nobody ended the polls"

    monkeypatch.setattr(service, "Agent", OddAgent)
    with pytest.raises(ValueError, match="is no path"):
        service.run((), service.Listener("127.0.0.1:0", None, None), Figures())


_CROWDED = """
import asyncio, resource, sys
from targets.frr.commands import Command
from targets.frr.processes import DESCRIPTORS, Processes, allow_descriptors
from targets.frr import service
from targets.frr.agent import Figures
from targets.frr.service import host_target
from targets.gnmi.server import serve

async def crowded():
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256))
    allow_descriptors()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(DESCRIPTORS, 256)
    server = await serve(host_target(), "127.0.0.1:0")
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    processes = Processes()
    processes.start(Command("true", ("/bin/true",), ("document",)))
    print(processes.wait().trouble, flush=True)
    await server.stop()

asyncio.run(crowded())
"""


def test_connections_that_say_nothing_leave_file_descriptors_for_the_polls() -> None:
    with (
        contextlib.ExitStack() as open_sockets,
        subprocess.Popen(
            [sys.executable, "-c", _CROWDED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as agent,
    ):
        assert agent.stdin is not None
        assert agent.stdout is not None
        port = int(agent.stdout.readline())
        for _ in range(300):
            open_sockets.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        agent.stdin.write("go\n")
        agent.stdin.flush()
        assert agent.stdout.readline() == "None\n"
