"""Clients that ask for too much: others hear a delete within a second, and memory is bounded."""

import asyncio
import ctypes
import gc
import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi import limits, paths, requests, wire
from targets.gnmi.outlets import Backlog, Outlet
from targets.gnmi.requests import RequestError
from targets.gnmi.state import State
from targets.gnmi.streams import Rounds
from targets.gnmi.target import Target
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.tree import Delta, Value
from tests.targets.gnmi.client import (
    JSON_IETF,
    ONCE,
    PROTO,
    SAMPLE,
    Client,
    Heard,
    Subscription,
    awaited,
    interfaces,
    notification,
    path,
    subscribe,
    talking,
)

SWP1 = "/interfaces/interface[name=swp1]"
STATUS = f"{SWP1}/state/oper-status"
ENTRIES = 1_500
LEAVES = ("oper-status", "admin-status", "type", "mtu", "ifindex")
MEMORY = 48 * 2**20
DEEP_PATH = f"{SWP1}" + "/x" * 1_000

Hostile = Callable[[Client], Coroutine[None, None, None]]


def target(**options: Any) -> Target:
    state = State()
    state.apply(Delta(interfaces(*(f"swp{n}" for n in range(ENTRIES)), leaves=LEAVES)), 5)
    state.apply(Delta({f"/deep{'/a' * 18}/e[n={n}]/leaf": n for n in range(60)}), 5)
    return Target(state, **options)


async def subscribed(client: Client, request: Any, further: int = 0) -> None:
    """Hear a subscription to its sync and some messages further, or be refused."""
    with suppress(grpc.aio.AioRpcError):
        stream = await client.stream(request)
        await stream.until_sync()
        for _ in range(further):
            await stream.read()


async def path_of_1000_elements(client: Client) -> None:
    await subscribed(client, subscribe(DEEP_PATH))


async def many_wildcards(client: Client) -> None:
    with suppress(grpc.aio.AioRpcError):
        await client.get("/deep" + "/.../*" * 5 + "/.../nothing")


async def many_subscribed_wildcards(client: Client) -> None:
    await subscribed(client, subscribe("/deep" + "/.../*" * 5 + "/.../nothing"))


async def a_hundred_equal_paths(client: Client) -> None:
    with suppress(grpc.aio.AioRpcError):
        await client.get(*[""] * 100)


async def a_hundred_paths_to_all(client: Client) -> None:
    with suppress(grpc.aio.AioRpcError):
        await client.get(*("/..." + "/*" * n for n in range(4)), *("/*" * n for n in range(1, 5)), *[""] * 92)


async def equal_samplings(client: Client) -> None:
    await subscribed(client, subscribe(*[Subscription("/interfaces", SAMPLE)] * 100), further=10)


async def samplings_of_all_intervals(client: Client) -> None:
    asked = [Subscription("/interfaces", SAMPLE, interval_ns=10**9 + n) for n in range(100)]
    await subscribed(client, subscribe(*asked), further=10)


async def long_targets(client: Client) -> None:
    for number in range(40):
        prefix = gnmi_pb2.Path(target=f"{number}" + "x" * 1_000_000)
        await subscribed(client, subscribe(STATUS, mode=ONCE, prefix=prefix))


async def long_keys(client: Client) -> None:
    for number in range(400):
        await subscribed(client, subscribe(f"/interfaces/interface[name={number}{'x' * 60_000}]", mode=ONCE))


async def unread(client: Client) -> None:
    for number in range(60):
        await client.stream(subscribe("/interfaces", f"/x{number}"))


@pytest.mark.parametrize(
    "hostile",
    [
        path_of_1000_elements,
        many_wildcards,
        many_subscribed_wildcards,
        a_hundred_equal_paths,
        a_hundred_paths_to_all,
        equal_samplings,
        samplings_of_all_intervals,
        long_targets,
        long_keys,
        unread,
    ],
)
@awaited
async def test_another_subscriber_hears_a_delete_within_a_second_and_memory_is_bounded(
    hostile: Hostile,
) -> None:
    device = target()
    loop = asyncio.get_running_loop()
    async with talking(device) as (client, server):
        await client.once(STATUS)  # connected
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            other = await Client(channel).stream(subscribe(SWP1))
            await other.until_sync()
            before = resident()
            doing = asyncio.create_task(hostile(client))
            rounds = 0
            while not doing.done() or rounds < 3:
                begun = loop.time()
                await asyncio.sleep(0)
                device.state.apply(Delta({}, (SWP1,)), 6)
                assert notification(await other.read()) == ({}, [SWP1])
                device.state.apply(Delta({STATUS: "UP"}), 7)
                assert notification(await other.read()) == ({STATUS: "UP"}, [])
                heard_s = loop.time() - begun
                assert heard_s < 1, f"heard after {heard_s} s"
                rounds += 1
            await doing
            gc.collect()
            assert resident() - before < MEMORY


def resident() -> int:
    """Return the memory in bytes that this process, client and server, holds on to.

    What the allocator keeps of what was freed (in a process that ran other tests before, tens of MB that
    a request may land between) is given back first.
    """
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def code_of(answer: Awaitable[Any]) -> StatusCode:
    try:
        await answer
    except grpc.aio.AioRpcError as error:
        return error.code()
    return StatusCode.OK


def sampled(number: int) -> list[Subscription]:
    return [Subscription(SWP1, SAMPLE, interval_ns=10**9 + n) for n in range(number)]


def judged(request: Any) -> requests.Plan:
    return requests.subscription(request.SerializeToString(), Target(State()))


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        (subscribe("/x" * 64), subscribe("/x" * 65)),
        (subscribe("/x" * 60, prefix=path("/x" * 4)), subscribe("/x" * 60, prefix=path("/x" * 5))),
        (subscribe("/" + "x" * 1_024), subscribe("/" + "x" * 1_025)),
        (subscribe(f"/x[k={'x' * 1_024}]"), subscribe(f"/x[k={'x' * 1_025}]")),
        (subscribe(f"/x[{'k' * 1_024}=x]"), subscribe(f"/x[{'k' * 1_025}=x]")),
        (
            subscribe("/x", prefix=gnmi_pb2.Path(target="x" * 1_024)),
            subscribe("/x", prefix=gnmi_pb2.Path(target="x" * 1_025)),
        ),
        (subscribe(*["/x"] * 100), subscribe(*["/x"] * 101)),
        (subscribe(*sampled(16)), subscribe(*sampled(17))),
    ],
)
def test_what_is_at_a_limit_is_taken_and_what_is_just_above_is_not(fits: Any, too_much: Any) -> None:
    assert judged(fits).all.asked
    with pytest.raises(RequestError) as refused:
        judged(too_much)
    assert refused.value.code is StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "request_",
    [
        subscribe(Subscription("/x", origin="x" * 9_000)),
        subscribe("/" + "x" * 9_000),
        subscribe("/x" * 9_000),
        subscribe(Subscription("/" + "/".join(["x" * 1_000] * 9), mode=9)),
    ],
)
def test_what_a_client_says_is_not_said_back_whole(request_: Any) -> None:
    with pytest.raises(RequestError) as refused:
        judged(request_)
    assert len(refused.value.message) < 400


@awaited
async def test_a_request_of_64_kb_is_taken_and_a_larger_one_is_not() -> None:
    async with talking(Target(State())) as (client, _):
        for size, code in (
            (64 * 1024, StatusCode.INVALID_ARGUMENT),
            (64 * 1024 + 1, StatusCode.RESOURCE_EXHAUSTED),
        ):
            call = await client.raw_stream()
            await call.write(b"\xff" * size)
            assert await code_of(call.read()) is code


def test_equal_paths_and_equal_samplings_are_one() -> None:
    asked = [
        Subscription(SWP1, SAMPLE, interval_ns=10**9),
        Subscription("/x", SAMPLE, interval_ns=10**9),
    ] * 40
    plan = requests.subscription(subscribe(*asked).SerializeToString(), Target(State()))
    assert plan.all.asked == (SWP1, "/x")
    assert [it.view.asked for it in plan.samplings] == [(SWP1, "/x")]
    get = gnmi_pb2.GetRequest(path=[path(SWP1), path("/x")] * 40)
    assert requests.question(get.SerializeToString(), Target(State())).paths == (SWP1, "/x")


@awaited
async def test_an_answer_that_grpc_would_refuse_to_read_is_refused_by_the_target() -> None:
    tree: dict[str, Value] = {f"/e[n={n}]/leaf": "x" * 10_000 for n in range(440)}
    device = Target(State())
    device.state.apply(Delta(tree), 5)
    async with talking(device) as (client, _):
        for encoding in (PROTO, JSON_IETF):
            with pytest.raises(grpc.aio.AioRpcError, match="subscribe with mode ONCE") as refused:
                await client.get("/e", encoding=encoding)
            assert refused.value.code() is StatusCode.RESOURCE_EXHAUSTED
        device.state.apply(Delta({}, tuple(f"/e[n={n}]" for n in range(50))), 6)
        assert await code_of(client.get("/e")) is StatusCode.OK


@awaited
async def test_caches_keep_nothing_of_what_clients_say() -> None:
    device = target()
    async with talking(device) as (client, _):

        async def ask(number: int) -> None:
            asked = f"/interfaces/interface[name=none-{number}]/{number}"
            prefix = gnmi_pb2.Path(target=f"device-{number}")
            await client.once(asked, STATUS, prefix=prefix)
            await code_of(client.get(asked, STATUS, prefix=prefix))
            await subscribed(client, subscribe(asked, STATUS, Subscription(SWP1, SAMPLE), prefix=prefix))

        await ask(0)
        caches = (paths.element, wire.element, wire._branch)
        before = [cache.cache_info().currsize for cache in caches]
        for number in range(1, 20):
            await ask(number)
        assert [cache.cache_info().currsize for cache in caches] == before
        many = subscribe(*[f"/x{n}" for n in range(100)])
        for number in range(30):
            for one in many.subscribe.subscription:
                one.path.elem[0].name += f"{number}"
            await subscribed(client, many)
        assert len(device.synced) <= 1_100


@awaited
async def test_a_sample_larger_than_the_queue_reaches_who_reads() -> None:
    device = target(queue_bytes=10_000, fastest_ns=1_000_000)
    expected = device.state.tree()
    async with talking(device) as (client, _):
        stream = await client.stream(
            subscribe(Subscription("/...", SAMPLE, interval_ns=1_000_000), updates_only=True)
        )
        heard = await stream.until_sync()
        while len(heard.tree) < len(expected) and len(heard.notifications) < 50:
            heard.hear(await stream.read())
        assert heard.tree == expected
        assert sum(it.ByteSize() for it in heard.notifications) > 10_000


@pytest.mark.parametrize("suppress", [False, True])
def test_what_changes_in_the_middle_of_a_sample_is_not_said_as_it_was(suppress: bool) -> None:
    state = State()
    tree = interfaces(*(f"swp{n}" for n in range(1_200)))
    last = list(tree)[-1]
    state.apply(Delta({**tree, "/gone": 1}), 5)
    sampling = requests.Sampling(View(("/...",), Encoding.PROTO), 1, suppress, heartbeat_ns=1)
    rounds = Rounds(state, sampling, 0.0)
    state.apply(Delta({}, ("/gone",)), 6)
    heard = Heard()
    told = rounds.next(7, 1.0)
    heard.hear(gnmi_pb2.SubscribeResponse.FromString(next(told)))
    state.apply(Delta({last: "DOWN"}, (list(tree)[-2].removesuffix("/state/oper-status"),)), 8)
    for message in told:
        heard.hear(gnmi_pb2.SubscribeResponse.FromString(message))
    assert heard.tree[last] == "DOWN"
    assert list(tree)[-2] not in heard.tree
    state.apply(Delta({last: "UP"}), 9)
    for message in rounds.next(10, 1.0):
        heard.hear(gnmi_pb2.SubscribeResponse.FromString(message))
    assert heard.tree[last] == "UP"


@pytest.mark.parametrize("way", ["sample", "change"])
def test_many_deletes_come_in_portions_of_500(way: str) -> None:
    state = State()
    view = View(("/interfaces/interface/state/oper-status",), Encoding.PROTO)
    names = [f"swp{n}" for n in range(1_001)]
    state.apply(Delta(interfaces(*names)), 5)
    rounds = Rounds(state, requests.Sampling(view, 1, suppress=True), 0.0)
    pushed: list[bytes] = []
    state.join(view, pushed.append)
    state.apply(Delta({}, ("/interfaces",)), 6)
    told = pushed if way == "change" else list(rounds.next(7, 1.0))
    deletes = [gnmi_pb2.SubscribeResponse.FromString(message).update.delete for message in told]
    assert [len(it) for it in deletes] == [500, 500, 1]


def test_who_holds_most_is_cut_off_when_all_together_hold_too_much() -> None:
    backlog = Backlog(100)
    outlets = [Outlet(1_000, backlog) for _ in range(3)]
    for outlet, size in zip(outlets, (20, 50, 30), strict=True):
        outlet.put(b"x" * size)
    assert [outlet.bytes for outlet in outlets] == [20, 50, 30]
    outlets[0].put(b"x")
    assert [outlet.bytes for outlet in outlets] == [21, 0, 30]
    with pytest.raises(RequestError) as ended:
        asyncio.run(outlets[1].get())
    assert ended.value.code is StatusCode.RESOURCE_EXHAUSTED
    assert asyncio.run(outlets[0].get()) == b"x" * 20
    for outlet in outlets:
        outlet.close()
    (new := Outlet(1_000, backlog)).put(b"x" * 100)
    assert new.bytes == 100, "what was closed counts no more"


@awaited
async def test_unread_streams_hold_no_more_than_all_may_together() -> None:
    device = target(backlog_bytes=200_000)
    async with talking(device) as (client, server):
        streams = [await client.stream(subscribe("/interfaces", f"/x{n}")) for n in range(20)]
        for stream in streams:
            await stream.until_sync()
        for number in range(200):
            device.state.apply(Delta({STATUS: f"{number}" + "x" * 5_000}), number + 6)
            assert sum(outlet.bytes for outlet in server._service.open) <= 200_000
            await asyncio.sleep(0)


@awaited
async def test_an_rpc_more_than_a_target_takes_is_told_so_and_the_others_go_on() -> None:
    device = target()
    async with talking(device) as (client, server):
        streams = [await client.stream(subscribe(SWP1)) for _ in range(limits.RPCS - 1)]
        for stream in streams:
            await stream.until_sync()
        alone = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", alone) as channel:
            other = Client(channel)
            assert await code_of(other.capabilities()) is StatusCode.OK
            streams.append(await client.stream(subscribe(SWP1)))
            await streams[-1].until_sync()
            assert await code_of(other.capabilities()) is StatusCode.RESOURCE_EXHAUSTED
        device.state.apply(Delta({STATUS: "DOWN"}), 6)
        for stream in streams:
            assert notification(await stream.read())[0] == {STATUS: "DOWN"}
