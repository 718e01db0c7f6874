"""What targets are made to do wrong, and slow subscribers."""

import asyncio

import grpc
import pytest
from google.protobuf.message import DecodeError
from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi.outlets import Outlet
from targets.gnmi.requests import RequestError
from targets.gnmi.server import serve
from targets.gnmi.state import State
from targets.gnmi.target import Target
from targets.tree import Delta, Value
from tests.targets.gnmi.client import Client, awaited, interfaces, notification, subscribe, talking

STATUS = "/interfaces/interface[name=swp1]/state/oper-status"


def target(queue_bytes: int = 1 << 20) -> Target:
    state = State()
    state.apply(Delta(interfaces("swp1")), 5)
    return Target(state, queue_bytes=queue_bytes)


@awaited
async def test_capabilities_may_be_missing_and_all_else_works() -> None:
    device = target()
    device.faults.no_capabilities = True
    async with talking(device) as (client, _):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.capabilities()
        assert refused.value.code() is StatusCode.UNIMPLEMENTED
        assert (await client.once("/interfaces")).tree == interfaces("swp1")


@pytest.mark.parametrize("asked", ["/interfaces/interface/state", "/interfaces/interface[name=swp1]/state/x"])
@awaited
async def test_a_refused_path_ends_its_rpc_alone_and_is_named(asked: str) -> None:
    device = target()
    device.faults.refused = frozenset({"/interfaces/interface/state"})
    async with talking(device) as (client, _):
        code, details = await (await client.stream(subscribe("/system", asked))).refused()
        assert (code, details) == (StatusCode.INVALID_ARGUMENT, f"path {asked} is not supported")
        assert (await client.once("/interfaces")).tree == interfaces("swp1")


@awaited
async def test_a_silent_target_keeps_rpcs_open_and_says_all_of_it_later() -> None:
    device = target()
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe("/interfaces"))
        await stream.until_sync()
        device.faults.silence()
        device.state.apply(Delta({STATUS: "DOWN"}), 6)
        device.state.apply(Delta({STATUS: "UP"}), 7)
        told = asyncio.create_task(stream.read())
        answered = asyncio.create_task(client.capabilities())
        begun = asyncio.create_task(client.once("/interfaces"))
        done, _ = await asyncio.wait({told, answered, begun}, timeout=0.2)
        assert not done
        device.faults.resume()
        assert notification(await told)[0] == {STATUS: "DOWN"}
        assert notification(await stream.read())[0] == {STATUS: "UP"}
        assert (await answered).gNMI_version
        assert (await begun).tree == interfaces("swp1")


@awaited
async def test_a_silent_target_can_be_switched_off() -> None:
    device = target()
    server = await serve(device, "127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stream = await Client(channel).stream(subscribe("/interfaces"))
        await stream.until_sync()
        device.faults.silence()
        device.state.apply(Delta({STATUS: "DOWN"}), 6)
        await asyncio.wait_for(server.stop(), 10)
        code, _ = await stream.refused()
    assert code is StatusCode.UNAVAILABLE


@awaited
async def test_a_slow_target_takes_its_time_for_each_message() -> None:
    device = target()
    device.faults.delay_s = 0.05
    async with talking(device) as (client, _):
        loop = asyncio.get_running_loop()
        start = loop.time()
        await client.once("/interfaces")
        assert loop.time() - start >= 3 * 0.05  # the RPC's beginning, the state, the sync


@awaited
async def test_garbage_is_no_subscribe_response() -> None:
    device = target()
    async with talking(device) as (client, server):
        call = await client.raw_stream()
        await call.write(subscribe("/interfaces").SerializeToString())
        while await call.read() != b"\x18\x01":
            pass
        server.garbage()
        with pytest.raises(DecodeError):
            gnmi_pb2.SubscribeResponse.FromString(await call.read())
        device.state.apply(Delta({STATUS: "DOWN"}), 6)
        after = gnmi_pb2.SubscribeResponse.FromString(await call.read())
        assert notification(after)[0] == {STATUS: "DOWN"}


@awaited
async def test_a_reboot_ends_streams_and_comes_back_on_the_same_port_with_new_state() -> None:
    device = target()
    server = await serve(device, "127.0.0.1:0")
    address = f"127.0.0.1:{server.port}"
    async with grpc.aio.insecure_channel(address) as channel:
        stream = await Client(channel).stream(subscribe("/interfaces"))
        await stream.until_sync()
        await server.stop()
        code, _ = await stream.refused()
        assert code is StatusCode.UNAVAILABLE
    device.state = State()
    device.state.apply(Delta(interfaces("swp9")), 9)
    server = await serve(device, address)
    async with grpc.aio.insecure_channel(address) as channel:
        assert (await Client(channel).once("/interfaces")).tree == interfaces("swp9")
    await server.stop()


@awaited
async def test_a_subscriber_that_does_not_read_is_cut_off_and_holds_no_memory() -> None:
    device = target(queue_bytes=100_000)
    text = "x" * 10_000
    async with talking(device) as (client, server):
        stream = await client.stream(subscribe("/interfaces"))
        await stream.until_sync()
        (outlet,) = server._service.open
        for number in range(1_000):
            device.state.apply(Delta({STATUS: f"{number}{text}"}), number + 6)
            assert outlet.bytes <= 100_000 + 11_000
            await asyncio.sleep(0)
        code, details = await stream.refused()
        assert code is StatusCode.RESOURCE_EXHAUSTED
        assert "100000 bytes" in details
        again = await client.stream(subscribe("/interfaces"))
        heard = await again.until_sync()
        expected: dict[str, Value] = {STATUS: f"999{text}"}
        assert heard.tree == expected


@awaited
async def test_a_slow_subscriber_costs_the_others_nothing() -> None:
    device = target(queue_bytes=20_000)
    async with talking(device) as (slow, server):
        stream = await slow.stream(subscribe("/interfaces"))
        await stream.until_sync()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            quick = await Client(channel).stream(subscribe("/interfaces"))
            await quick.until_sync()
            for number in range(300):
                device.state.apply(Delta({STATUS: f"{number}" + "x" * 10_000}), number + 6)
                told = notification(await quick.read())[0][STATUS]
                assert isinstance(told, str)
                assert told.startswith(f"{number}x")


@awaited
async def test_an_outlet_takes_what_fits_and_one_message_of_any_size() -> None:
    outlet = Outlet(10)
    outlet.put(b"x" * 50)
    assert await outlet.get() == b"x" * 50
    outlet.put(b"12345")
    outlet.put(b"67890")
    assert await outlet.get() == b"12345"
    outlet.put(b"12345")
    assert [await outlet.get() for _ in range(2)] == [b"67890", b"12345"]
    outlet.put(b"12345")
    outlet.put(b"678901")
    with pytest.raises(RequestError) as ended:
        await outlet.get()
    assert ended.value.code is StatusCode.RESOURCE_EXHAUSTED
    outlet.put(b"more")
    with pytest.raises(RequestError):
        await outlet.get()
