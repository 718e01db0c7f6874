"""Capabilities, Get and Subscribe over gRPC, without TLS."""

import asyncio
from typing import Any

import grpc
import orjson
import pytest
from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi.server import serve
from targets.gnmi.state import State
from targets.gnmi.target import Model, Target
from targets.gnmi.unheard import Unheard
from targets.openconfig.target import openconfig_target
from targets.tree import Delta, Value
from tests.targets.gnmi.client import (
    JSON_IETF,
    ONCE,
    POLL,
    PROTO,
    SAMPLE,
    TARGET_DEFINED,
    Client,
    Subscription,
    awaited,
    interfaces,
    notification,
    subscribe,
    talking,
    text,
)

SWP1 = "/interfaces/interface[name=swp1]"
SWP2 = "/interfaces/interface[name=swp2]"
MILLISECOND_NS = 1_000_000
COUNTER = f"{SWP1}/state/counters/in-octets"


def target(tree: dict[str, Value] | None = None, **options: Any) -> Target:
    """Return a target with a small tree, a clock that stands and samples as fast as one likes."""
    state = State(wide=frozenset({"in-octets"}))
    state.apply(Delta(interfaces("swp1", "swp2") if tree is None else tree), 5)
    given: dict[str, Any] = {
        "models": (Model("openconfig-interfaces", "3.0.0"),),
        "serves": ("/interfaces", "/system"),
        "clock": lambda: 77,
        "fastest_ns": MILLISECOND_NS,
    }
    return Target(state, **(given | options))


@awaited
async def test_capabilities_name_models_encodings_and_version() -> None:
    async with talking(target()) as (client, _):
        answer = await client.capabilities()
    assert [(it.name, it.version) for it in answer.supported_models] == [("openconfig-interfaces", "3.0.0")]
    assert set(answer.supported_encodings) == {PROTO, JSON_IETF, gnmi_pb2.JSON}
    assert answer.gNMI_version == "0.8.0"


@awaited
async def test_once_tells_the_state_syncs_and_ends() -> None:
    async with talking(target()) as (client, _):
        heard = await client.once("/interfaces")
    assert heard.tree == interfaces("swp1", "swp2")
    assert [it.timestamp for it in heard.notifications] == [5]


@awaited
async def test_what_is_asked_for_without_data_is_told_as_a_sync_alone() -> None:
    async with talking(target()) as (client, _):
        heard = await client.once("/system")
    assert (heard.tree, heard.syncs) == ({}, 1)


@awaited
async def test_poll_tells_the_state_of_each_poll() -> None:
    device = target()
    poll = gnmi_pb2.SubscribeRequest(poll=gnmi_pb2.Poll())
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe(SWP1, mode=POLL))
        heard = await stream.until_sync()
        assert heard.tree == interfaces("swp1")
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 6)
        await stream.send(poll)
        assert (await stream.until_sync()).tree == {f"{SWP1}/state/oper-status": "DOWN"}
        await stream.call.done_writing()
        assert await stream.read() is None


@awaited
async def test_stream_tells_the_state_and_then_each_change() -> None:
    device = target()
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe("/interfaces"))
        heard = await stream.until_sync()
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}, (SWP2,)), 6)
        message = await stream.read()
        heard.hear(message)
    assert notification(message) == (
        {f"{SWP1}/state/oper-status": "DOWN"},
        [SWP2],
    )
    assert heard.tree == device.state.tree()


@awaited
async def test_updates_only_begins_with_the_sync() -> None:
    device = target()
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe("/interfaces", updates_only=True))
        assert (await stream.read()).sync_response
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 6)
        assert notification(await stream.read())[0] == {f"{SWP1}/state/oper-status": "DOWN"}


@awaited
async def test_the_prefix_is_put_before_paths_and_its_target_and_origin_come_back() -> None:
    prefix = gnmi_pb2.Path(target="leaf1", origin="openconfig")
    prefix.elem.add(name="interfaces")
    async with talking(target()) as (client, _):
        heard = await client.once("/interface[name=swp2]", prefix=prefix)
        answer = await client.get("/interface[name=swp2]/state/oper-status", prefix=prefix)
    assert heard.tree == interfaces("swp2")
    for told in (*heard.notifications, *answer.notification):
        assert (told.prefix.target, told.prefix.origin) == ("leaf1", "openconfig")


@pytest.mark.parametrize(
    "asked",
    [
        "/interfaces/interface[name=*]/state/oper-status",
        "/interfaces/interface/state",
        "/*/interface/*/oper-status",
        "/interfaces/.../oper-status",
        "/",
    ],
)
@awaited
async def test_wildcards_stand_for_any_element_and_key(asked: str) -> None:
    device = target()
    async with talking(device) as (client, _):
        request = subscribe()
        request.subscribe.subscription.add(mode=1).path.SetInParent()
        if asked != "/":
            request = subscribe(asked)
        stream = await client.stream(request)
        heard = await stream.until_sync()
        assert heard.tree == interfaces("swp1", "swp2")
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 6)
        heard.hear(await stream.read())
    assert heard.tree == device.state.tree()


@awaited
async def test_samples_come_again_and_again_with_the_devices_time() -> None:
    async with talking(target()) as (client, _):
        stream = await client.stream(subscribe(Subscription(SWP1, SAMPLE, interval_ns=MILLISECOND_NS)))
        await stream.until_sync()
        samples = [await stream.read() for _ in range(3)]
    assert [(it.update.timestamp, notification(it)[0]) for it in samples] == [(77, interfaces("swp1"))] * 3


@awaited
async def test_a_sampled_leaf_is_not_told_on_change() -> None:
    device = target()
    async with talking(device) as (client, _):
        hour = Subscription("/interfaces", SAMPLE, interval_ns=3_600_000 * MILLISECOND_NS)
        stream = await client.stream(subscribe(hour, Subscription("/system")))
        await stream.until_sync()
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 6)
        device.state.apply(Delta({"/system/state/hostname": "leaf1"}), 7)
        assert notification(await stream.read())[0] == {"/system/state/hostname": "leaf1"}


@awaited
async def test_suppressed_samples_tell_only_what_has_changed_or_is_gone() -> None:
    device = target({**interfaces("swp1", "swp2"), COUNTER: 1})
    async with talking(device) as (client, _):
        asked = Subscription("/interfaces", SAMPLE, interval_ns=MILLISECOND_NS, suppress=True)
        stream = await client.stream(subscribe(asked))
        await stream.until_sync()
        device.state.apply(Delta({COUNTER: 2}), 6)
        assert notification(await stream.read()) == ({COUNTER: 2}, [])
        device.state.apply(Delta({COUNTER: 3}, (SWP2,)), 7)
        gone = "/interfaces/interface[name=swp2]/state/oper-status"
        assert notification(await stream.read()) == ({}, [gone])
        assert notification(await stream.read()) == ({COUNTER: 3}, [])


@awaited
async def test_a_heartbeat_tells_all_though_nothing_has_changed() -> None:
    async with talking(target()) as (client, _):
        suppressed = Subscription(
            SWP1, SAMPLE, interval_ns=MILLISECOND_NS, suppress=True, heartbeat_ns=5 * MILLISECOND_NS
        )
        on_change = Subscription(SWP1, heartbeat_ns=5 * MILLISECOND_NS)
        for asked in (suppressed, on_change):
            stream = await client.stream(subscribe(asked))
            await stream.until_sync()
            assert notification(await stream.read())[0] == interfaces("swp1")


@awaited
async def test_target_defined_samples_counters_and_tells_the_rest_on_change() -> None:
    device = target(
        {**interfaces("swp1"), COUNTER: 1},
        sampled={"/interfaces/interface/state/counters": 50 * MILLISECOND_NS},
    )
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe(Subscription(SWP1, TARGET_DEFINED)))
        await stream.until_sync()
        device.state.apply(Delta({COUNTER: 2}), 6)
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 7)
        told = [await stream.read() for _ in range(3)]
    assert [notification(it)[0] for it in told] == [
        {f"{SWP1}/state/oper-status": "DOWN"},
        {COUNTER: 2},
        {COUNTER: 2},
    ]


@awaited
async def test_json_ietf_tells_leaf_by_leaf() -> None:
    async with talking(target({**interfaces("swp1"), COUNTER: 1})) as (client, _):
        stream = await client.stream(subscribe("/interfaces", encoding=JSON_IETF))
        update = (await stream.read()).update
    assert {text(it.path): it.val.json_ietf_val for it in update.update} == {
        "/oper-status": b'"UP"',
        "/counters/in-octets": b'"1"',
    }


@awaited
async def test_get_answers_each_path_leaf_by_leaf_or_as_one_object() -> None:
    tree = {**interfaces("swp1", "swp2"), COUNTER: 1, f"{SWP1}/config/enabled": True}
    async with talking(target(tree)) as (client, _):
        proto = await client.get(SWP1, "/interfaces/interface/state/oper-status")
        json = await client.get("/interfaces", encoding=JSON_IETF)
        config = await client.get(SWP1, encoding=JSON_IETF, data_type=gnmi_pb2.GetRequest.CONFIG)
        leaf = await client.get(COUNTER, encoding=gnmi_pb2.JSON)
    assert [notification_of(it) for it in proto.notification] == [
        {path: value for path, value in tree.items() if path.startswith(SWP1)},
        interfaces("swp1", "swp2"),
    ]
    assert {it.timestamp for it in proto.notification} == {77}
    (update,) = json.notification[0].update
    assert text(update.path) == "/interfaces"
    assert orjson.loads(update.val.json_ietf_val) == {
        "interface": [
            {
                "name": "swp1",
                "state": {"oper-status": "UP", "counters": {"in-octets": "1"}},
                "config": {"enabled": True},
            },
            {"name": "swp2", "state": {"oper-status": "UP"}},
        ]
    }
    assert orjson.loads(config.notification[0].update[0].val.json_ietf_val) == {"config": {"enabled": True}}
    assert leaf.notification[0].update[0].val.json_val == b"1"


def notification_of(told: Any) -> dict[str, Value]:
    return notification(gnmi_pb2.SubscribeResponse(update=told))[0]


@awaited
async def test_get_of_what_is_not_there_says_so_and_a_wildcard_may_find_nothing() -> None:
    async with talking(target()) as (client, _):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.get("/system/state/hostname")
        answer = await client.get("/system/*/hostname")
    assert refused.value.code() is StatusCode.NOT_FOUND
    assert "/system/state/hostname" in (refused.value.details() or "")
    assert [len(it.update) for it in answer.notification] == [0]


@awaited
async def test_get_tells_each_leaf_once_whatever_the_wildcards_find() -> None:
    tree: dict[str, Value] = {"/interfaces/a/leaf": 1, "/interfaces/a/a/leaf": 2, "/interfaces/b/a/leaf": 3}
    async with talking(target(tree)) as (client, _):
        for encoding, updates in ((PROTO, 3), (JSON_IETF, 2)):
            answer = await client.get("/interfaces/.../a", encoding=encoding)
            assert len(answer.notification[0].update) == updates
        assert notification_of((await client.get("/...")).notification[0]) == tree


@awaited
async def test_set_is_not_implemented() -> None:
    async with talking(target()) as (client, _):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.set()
    assert refused.value.code() is StatusCode.UNIMPLEMENTED


def both_origins() -> Any:
    request = subscribe(Subscription("/interfaces", origin="openconfig"))
    request.subscribe.prefix.origin = "openconfig"
    return request


def old_path() -> Any:
    request = subscribe()
    request.subscribe.subscription.add().path.element.append("interfaces")
    return request


def with_model(name: str) -> Any:
    request = subscribe("/interfaces")
    request.subscribe.use_models.add(name=name)
    return request


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (subscribe("/nothing/here"), StatusCode.INVALID_ARGUMENT, "/nothing/here is unknown"),
        (subscribe(), StatusCode.INVALID_ARGUMENT, "name at least one path"),
        (gnmi_pb2.SubscribeRequest(poll=gnmi_pb2.Poll()), StatusCode.INVALID_ARGUMENT, "SubscriptionList"),
        (subscribe("/interfaces", encoding=gnmi_pb2.ASCII), StatusCode.UNIMPLEMENTED, "use PROTO"),
        (subscribe("/interfaces", mode=7), StatusCode.INVALID_ARGUMENT, "mode 7"),
        (subscribe(Subscription("/interfaces", 9)), StatusCode.INVALID_ARGUMENT, "mode 9"),
        (
            subscribe(Subscription("/interfaces", SAMPLE, interval_ns=MILLISECOND_NS - 1)),
            StatusCode.INVALID_ARGUMENT,
            "sample_interval 999999 ns is too short",
        ),
        (
            subscribe(Subscription("/interfaces", heartbeat_ns=1)),
            StatusCode.INVALID_ARGUMENT,
            "heartbeat_interval 1 ns is too short",
        ),
        (
            subscribe(Subscription("/interfaces", TARGET_DEFINED, interval_ns=10**9)),
            StatusCode.INVALID_ARGUMENT,
            "use mode SAMPLE",
        ),
        (subscribe(Subscription("/interfaces", origin="cli")), StatusCode.INVALID_ARGUMENT, "origin 'cli'"),
        (both_origins(), StatusCode.INVALID_ARGUMENT, "not in both"),
        (old_path(), StatusCode.INVALID_ARGUMENT, "use 'elem'"),
        (with_model("acme-interfaces"), StatusCode.UNIMPLEMENTED, "'acme-interfaces'"),
    ],
)
@awaited
async def test_a_bad_subscription_ends_with_code_and_reason(
    request_: Any, code: StatusCode, says: str
) -> None:
    async with talking(target()) as (client, _):
        stream = await client.stream(request_)
        told_code, details = await stream.refused()
    assert told_code is code
    assert says in details


@awaited
async def test_a_model_that_is_served_may_be_named() -> None:
    async with talking(target()) as (client, _):
        stream = await client.stream(with_model("openconfig-interfaces"))
        assert (await stream.until_sync()).tree == interfaces("swp1", "swp2")


@awaited
async def test_what_is_no_request_is_told_so() -> None:
    async with talking(target()) as (client, _):
        call = await client.raw_stream()
        await call.write(b"\xff\xff")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is StatusCode.INVALID_ARGUMENT
    assert "no SubscribeRequest" in (refused.value.details() or "")


@pytest.mark.parametrize("mode", [0, POLL])
@awaited
async def test_a_second_list_ends_the_rpc(mode: int) -> None:
    async with talking(target()) as (client, _):
        stream = await client.stream(subscribe("/interfaces", mode=mode))
        await stream.until_sync()
        await stream.send(subscribe("/interfaces", mode=mode))
        code, _ = await stream.refused()
    assert code is StatusCode.INVALID_ARGUMENT


@awaited
async def test_a_bad_request_costs_only_itself() -> None:
    device = target()
    async with talking(device) as (client, _):
        good = await client.stream(subscribe("/interfaces"))
        await good.until_sync()
        await (await client.stream(subscribe("/nothing"))).refused()
        device.state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 6)
        assert notification(await good.read())[0] == {f"{SWP1}/state/oper-status": "DOWN"}


@awaited
async def test_what_becomes_known_while_the_rest_is_told_comes_before_the_sync() -> None:
    device = target(unheard=Unheard(("/system",)))
    device.state.apply(Delta(interfaces("swp3")), 6)  # of another time, so told in a second message
    device.faults.delay_s = 0.1
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe("/interfaces", "/system"))
        await stream.read()
        device.state.apply(Delta({"/system/state/hostname": "leaf1"}), 7)
        device.unheard.hear(("/system",))
        assert notification(await stream.read())[0] == interfaces("swp3")
        assert notification(await stream.read())[0] == {"/system/state/hostname": "leaf1"}
        assert (await stream.read()).sync_response


@awaited
async def test_that_nothing_is_known_yet_is_no_answer_to_once_and_get() -> None:
    device = target(unheard=Unheard(("/system",)))
    async with talking(device) as (client, _):
        code, details = await (await client.stream(subscribe("/system", mode=ONCE))).refused()
        assert (code, details) == (StatusCode.UNAVAILABLE, "nothing is known of /system yet: ask again later")
        with pytest.raises(grpc.aio.AioRpcError, match="nothing is known of /system yet"):
            await client.get("/system/state/hostname")
        device.unheard.hear(("/system",))
        assert (await client.once("/system")).syncs == 1


@awaited
async def test_who_hangs_up_is_forgotten() -> None:
    device = target()
    async with talking(device) as (client, _):
        stream = await client.stream(subscribe("/interfaces", Subscription("/system", SAMPLE)))
        await stream.until_sync()
        assert device.state._groups
        stream.call.cancel()
        async with asyncio.timeout(10):
            while device.state._groups:  # noqa: ASYNC110  # the state says to nobody that someone left
                await asyncio.sleep(0.001)


@awaited
async def test_a_hundred_targets_share_a_loop() -> None:
    devices = [target(interfaces(f"swp{number}")) for number in range(100)]
    servers = [await serve(device, "127.0.0.1:0") for device in devices]
    try:
        for server, device in zip(servers, devices, strict=True):
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                assert (await Client(channel).once("/interfaces")).tree == device.state.tree()
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


@awaited
async def test_the_openconfig_target_tells_its_clock() -> None:
    device = openconfig_target(lambda: 1_795_343_857_409_933_000)
    async with talking(device) as (client, _):
        heard = await client.once("/system/state/current-datetime")
    assert heard.tree == {"/system/state/current-datetime": "2026-11-22T10:37:37.409933+00:00"}
    assert [it.timestamp for it in heard.notifications] == [1_795_343_857_409_933_000]
