"""What devices do to a collector, and what the topic says of it afterwards."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from collectors.backoff import Backoff
from collectors.inventory import Tls
from collectors.profiles import LIVENESS
from collectors.records import RETIRED, Kind
from collectors.states import State
from collectors.subscriptions import is_sync
from targets.gnmi.requests import RequestError
from tests.collectors.devices import Authority, device, links_up, serving, speaking, target
from tests.collectors.running import BEAT, Running, collecting

pytestmark = pytest.mark.usefixtures("quick")
FAMILIES = ("link", "es", LIVENESS)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def assert_whole(running: Running, family: str, target_name: str = "leaf1") -> None:
    """Each session of a family begins with its start and has every number up to its last record."""
    for records in running.topic.sessions(family, target_name):
        assert records[0].kind is Kind.START
        assert [one.seq for one in records] == list(range(len(records)))
        assert all(one.kind is not Kind.END for one in records[:-1])


def test_a_device_is_streamed_until_the_collector_stops() -> None:
    async def test() -> None:
        served = device()
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            served.state.apply(links_up(1, "DOWN"), time.time_ns())
            await running.until(lambda: b"DOWN" in running.topic.of("link")[-1].response)
            await running.until(lambda: len(running.topic.ticks()) > 0)
            await running.stop()
            for family in FAMILIES:
                assert_whole(running, family)
                assert running.topic.reasons(family) == ["collector stopped"]
            assert {one.key for one in running.topic.ticks()} == {b"collector-1"}

    run(test())


def test_a_target_without_tls_is_warned_of_once() -> None:
    async def test() -> None:
        served = device()
        served.faults.no_capabilities = True
        with structlog.testing.capture_logs() as said:
            async with serving(served) as server, collecting(target(server.port)) as running:
                await running.until(lambda: running.all_are(State.UP))
                await server.stop()
                await running.until(lambda: running.all_are(State.CONNECTING))
        warnings = [line["target"] for line in said if line["event"] == "no TLS"]
        assert warnings == ["leaf1"]

    run(test())


def test_after_a_reboot_the_device_is_heard_again_and_the_gap_is_said() -> None:
    async def test() -> None:
        async with serving(device()) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            await server.stop()
            await running.until(lambda: running.all_are(State.CONNECTING))
            await running.until(lambda: "UNAVAILABLE" in running.status("link").reason)
            async with serving(device(links=1), port=server.port):
                await running.until(lambda: running.all_are(State.UP))
                for family in FAMILIES:
                    first, second = running.topic.sessions(family)
                    assert first[-1].kind is Kind.END
                    assert second[0].kind is Kind.START
                    assert_whole(running, family)
                assert running.status("link").lost == 1

    run(test())


def test_a_silent_device_is_cut_and_dialled_until_it_talks() -> None:
    async def test() -> None:
        served = device()
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            served.faults.silence()
            await running.until(lambda: running.all_are(State.STALE))
            for family in FAMILIES:
                assert "no liveness sample for" in running.topic.reasons(family)[0]
            served.faults.resume()
            await running.until(lambda: running.all_are(State.UP))
            for family in FAMILIES:
                assert_whole(running, family)

    run(test())


def test_a_quiet_family_is_not_stale_while_the_liveness_sample_comes() -> None:
    async def test() -> None:
        async with serving(device()) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            await running.until(lambda: len(running.topic.of(LIVENESS)) > 10)  # 1 s; silence is 0.3 s
            assert running.all_are(State.UP)
            assert len(running.topic.sessions("es")) == 1

    run(test())


def test_a_refused_path_takes_its_family_alone_and_is_asked_for_again() -> None:
    async def test() -> None:
        served = device()
        served.faults.refused = frozenset({"/ethernet-segments"})
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.state("es") is State.REFUSED)
            await running.until(lambda: {running.state("link"), running.state(LIVENESS)} == {State.UP})
            assert "INVALID_ARGUMENT" in running.status("es").reason
            assert running.topic.of("es") == [], "a refused RPC is no session: it sweeps nothing"
            served.faults.refused = frozenset()
            await running.until(lambda: running.all_are(State.UP))
            assert len(running.topic.sessions("link")) == 1

    run(test())


def test_without_a_liveness_path_the_other_families_live() -> None:
    async def test() -> None:
        served = device()
        served.faults.refused = frozenset({"/system"})
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.state(LIVENESS) is State.REFUSED)
            await running.until(lambda: running.state("link") is State.UP)
            since = time.monotonic()
            await running.until(lambda: time.monotonic() - since > 10 * BEAT.total_seconds())
            assert running.state("link") is State.UP
            assert len(running.topic.sessions("link")) == 1

    run(test())


def test_a_liveness_rpc_that_the_target_keeps_ending_costs_the_others_nothing() -> None:
    async def subscribe(_requests: Any, context: Any) -> None:
        asked = gnmi_pb2.SubscribeRequest.FromString(await context.read()).subscribe
        if asked.subscription[0].path.elem[0].name == "system":
            await context.abort(StatusCode.INTERNAL, "no clock today")
        await context.write(b"\x18\x01")
        await asyncio.Event().wait()

    async def test() -> None:
        async with speaking(Subscribe=subscribe) as port, collecting(target(port)) as running:
            await running.until(lambda: {running.state("link"), running.state("es")} == {State.UP})
            since = time.monotonic()
            await running.until(lambda: time.monotonic() - since > 10 * BEAT.total_seconds())
            assert running.status(LIVENESS).reason == "INTERNAL: no clock today"
            assert len(running.topic.sessions("link")) == 1

    run(test())


def test_a_target_that_refuses_our_login_is_refused_as_a_whole() -> None:
    async def test() -> None:
        async def refuse(_request: bytes, context: Any) -> bytes:
            await context.abort(StatusCode.UNAUTHENTICATED, "no such user")
            return b""

        async with speaking(Capabilities=refuse) as port, collecting(target(port)) as running:
            await running.until(lambda: running.all_are(State.REFUSED))
            assert running.status("link").reason == "UNAUTHENTICATED: no such user"

    run(test())


def test_a_target_that_refuses_on_change_is_asked_to_choose_for_itself() -> None:
    async def subscribe(_requests: Any, context: Any) -> None:
        asked = gnmi_pb2.SubscribeRequest.FromString(await context.read()).subscribe
        if any(one.mode == gnmi_pb2.ON_CHANGE for one in asked.subscription):
            await context.abort(StatusCode.INVALID_ARGUMENT, "ON_CHANGE is not supported")
        told = gnmi_pb2.SubscribeResponse(update=gnmi_pb2.Notification(timestamp=1))
        await context.write(told.SerializeToString())
        await context.write(b"\x18\x01")
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            await context.write(told.SerializeToString())

    async def test() -> None:
        async with speaking(Subscribe=subscribe) as port, collecting(target(port)) as running:
            await running.until(lambda: running.all_are(State.UP))  # without Capabilities, too
            start = running.topic.of("link")[0]
            assert b'"mode":"TARGET_DEFINED","interval_s":null' in start.json
            assert "ON_CHANGE is not supported" in running.status("link").reason
            assert running.status(LIVENESS).reason == ""

    run(test())


def test_a_target_without_capabilities_is_streamed() -> None:
    async def test() -> None:
        served = device()
        served.faults.no_capabilities = True
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))

    run(test())


def test_garbage_goes_into_the_topic_as_it_came_and_all_is_asked_anew() -> None:
    """The pipeline puts it to the dead letters; what it should have said only another dump can tell."""

    async def test() -> None:
        served = device()
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            server.garbage()
            served.state.apply(links_up(1, "DOWN"), time.time_ns())
            for family in FAMILIES:
                await running.until(lambda family=family: len(running.topic.sessions(family)) == 2)  # type: ignore[misc]  # mypy takes a bound default for an argument
            await running.until(lambda: running.all_are(State.UP))
            assert b"DOWN" in running.topic.of("link")[-2].response
            for family in FAMILIES:
                assert_whole(running, family)
                first, _ = running.topic.sessions(family)
                assert b"no SubscribeResponse" in first[-2].response
                assert running.topic.reasons(family) == [
                    "DATA_LOSS: the target sent what is no SubscribeResponse"
                ]

    run(test())


def test_an_rpc_that_breaks_costs_its_session_alone() -> None:
    async def test() -> None:
        async with serving(device()) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            outlets = list(server._service.open)
            outlets[0].fail(RequestError(StatusCode.INTERNAL, "frame too large"))
            await running.until(lambda: sum(one.sessions for one in running.supervisor.statuses) == 4)
            await running.until(lambda: running.all_are(State.UP))
            ended = [running.topic.reasons(family) for family in FAMILIES]
            assert sorted(ended) == [[], [], ["INTERNAL: frame too large"]]

    run(test())


def test_while_kafka_is_away_nothing_is_read_and_nothing_is_lost() -> None:
    async def test() -> None:
        limit = 100_000
        served = device()
        async with (
            serving(served) as server,
            collecting(target(server.port), limit_bytes=limit) as running,
        ):
            await running.until(lambda: running.all_are(State.UP))
            running.topic.away = True
            for turn in range(2_000):
                served.state.apply(links_up(3, f"{turn}{'x' * 500}"), time.time_ns())
            await running.until(lambda: running.supervisor.budget.exhausted)
            since = time.monotonic()
            await running.until(lambda: time.monotonic() - since > 6 * BEAT.total_seconds())
            assert running.supervisor.budget.held < limit + 5_000, "one record more than the limit at most"
            assert running.all_are(State.UP), "nobody who is not read is silent"
            running.topic.come_back()
            await running.until(lambda: b"1999x" in running.topic.of("link")[-1].response)
            assert len(running.topic.sessions("link")) == 1
            assert_whole(running, "link")
            turns = [one.response.count(b"x" * 500) for one in running.topic.of("link")]
            assert sum(turns) == 3 * 2_000

    run(test())


def test_a_device_that_cuts_a_slow_reader_leaves_a_gap_that_is_said() -> None:
    async def test() -> None:
        served = device()
        served.queue_bytes = 50_000
        async with (
            serving(served) as server,
            collecting(target(server.port), limit_bytes=50_000) as running,
        ):
            await running.until(lambda: running.all_are(State.UP))
            running.topic.away = True
            turns = iter(range(10_000))
            while not running.supervisor.budget.exhausted:
                served.state.apply(links_up(3, f"{next(turns)}{'x' * 500}"), time.time_ns())
                await asyncio.sleep(0.001)
            for _ in range(1_000):  # at once: nothing of it can be sent before the queue is full
                served.state.apply(links_up(3, f"{next(turns)}{'x' * 500}"), time.time_ns())
            served.state.apply(links_up(3, "the last"), time.time_ns())
            running.topic.come_back()
            await running.until(lambda: len(running.topic.sessions("link")) == 2)
            await running.until(lambda: running.all_are(State.UP))
            assert "RESOURCE_EXHAUSTED" in running.topic.reasons("link")[0]
            assert_whole(running, "link")
            assert b"the last" in running.topic.sessions("link")[1][1].response

    run(test())


def test_a_device_with_an_expired_certificate_is_not_heard_before_it_has_another(tmp_path: Path) -> None:
    async def test() -> None:
        authority = Authority(tmp_path)
        expired = authority.server("127.0.0.1", not_after=datetime(2021, 1, 1, tzinfo=UTC))
        async with (
            serving(device(), tls=expired) as server,
            collecting(target(server.port, tls=Tls(ca=authority.pem))) as running,
        ):
            await running.until(lambda: "certificate has expired" in running.status("link").reason)
            assert running.all_are(State.CONNECTING)
            assert running.topic.of("link") == []
            await server.stop()
            async with serving(device(), port=server.port, tls=authority.server("127.0.0.1")):
                await running.until(lambda: running.all_are(State.UP))

    run(test())


def test_an_rpc_is_renewed_before_a_quarter_of_the_retention_is_over() -> None:
    async def test() -> None:
        retention = timedelta(seconds=4)
        async with (
            serving(device()) as server,
            collecting(target(server.port), retention=retention) as running,
        ):
            await running.until(lambda: len(running.topic.sessions("link")) >= 3)
            await running.stop()
            starts = [int(one[0].session.partition("-")[0]) for one in running.topic.sessions("link")]
            between = [(later - earlier) / 1e9 for earlier, later in pairwise(starts)]
            assert max(between) < retention.total_seconds() / 2  # a quarter, and time to open it
            assert running.topic.reasons("link")[:-1] == ["renewed"] * (len(starts) - 1)
            assert all(one.lost == 0 for one in running.supervisor.statuses)
            assert_whole(running, "link")

    run(test())


def test_a_response_that_can_not_be_cut_is_a_hole_that_the_pipeline_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from collectors.cutting import cut_response

    monkeypatch.setattr("collectors.family.MAX_RESPONSE_BYTES", 2_000)
    monkeypatch.setattr("collectors.family.cut_response", lambda message: cut_response(message, 2_000))
    monkeypatch.setattr("collectors.family.REFUSED_S", 1.0)

    async def test() -> None:
        served = device()
        async with serving(served) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            before = running.topic.of("link")[-1].seq
            served.state.apply(links_up(1, "x" * 3_000), time.time_ns())
            await running.until(lambda: running.topic.of("link")[-1].kind is Kind.END)
            assert running.topic.of("link")[-1].seq == before + 2
            reason = running.topic.reasons("link")[0]
            assert "has a single update of" in reason
            assert (running.state("link"), running.status("link").reason) == (State.CONNECTING, reason)
            assert (running.status("link").uncut, running.status("link").lost) == (1, 1)
            served.state.apply(links_up(1, "DOWN"), time.time_ns())
            await running.until(lambda: running.all_are(State.UP))  # asked anew, minutes later
            assert len(running.topic.sessions("link")) == 2

    run(test())


def test_a_new_inventory_leaves_alone_what_it_does_not_change() -> None:
    async def test() -> None:
        async with serving(device()) as one, serving(device()) as other:
            first = target(one.port)
            second = replace(target(other.port), name="leaf2")
            async with collecting(first, second) as running:
                await running.until(lambda: running.all_are(State.UP))
                untouched = running.topic.of("link")[0].session
                await running.follow(first, replace(second, labels={"row": "7"}))
                await running.until(lambda: len(running.topic.sessions("link", "leaf2")) == 2)
                assert running.topic.reasons("link", "leaf2") == ["its entry in the inventory changed"]
                await running.follow(first)
                await running.until(lambda: len(running.topic.reasons("link", "leaf2")) == 2)
                await running.until(lambda: "leaf2" not in running.supervisor.connections)
                for family in FAMILIES:
                    assert running.topic.reasons(family, "leaf2")[-1] == RETIRED
                assert {record.session for record in running.topic.of("link")} == {untouched}
                assert running.topic.reasons("link") == []

    run(test())


def test_a_device_that_was_away_when_it_left_the_inventory_is_expected_no_more() -> None:
    async def test() -> None:
        async with serving(device()) as server, collecting(target(server.port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            await server.stop()
            await running.until(lambda: running.all_are(State.CONNECTING))
            await running.follow(replace(target(1), name="leaf2"))
            await running.until(lambda: "leaf1" not in running.supervisor.connections)
            for family in FAMILIES:
                assert running.topic.reasons(family)[-1] == RETIRED
                last = running.topic.sessions(family)[-1]
                assert [(one.kind, one.seq) for one in last] == [(Kind.END, 0)]

    run(test())


SYNC = b"\x18\x01"


async def asked_for(context: Any) -> str:
    """Return the first element of the first path that a request asks for."""
    asked = gnmi_pb2.SubscribeRequest.FromString(await context.read()).subscribe
    return str(asked.subscription[0].path.elem[0].name)


async def beat(context: Any) -> None:
    """Say the liveness sample for ever."""
    while True:
        await context.write(gnmi_pb2.SubscribeResponse(update={"timestamp": 1}).SerializeToString())
        await context.write(SYNC)
        await asyncio.sleep(BEAT.total_seconds())


def test_a_device_that_does_not_answer_a_renewal_is_not_up() -> None:
    answered: set[str] = set()

    async def subscribe(_requests: Any, context: Any) -> None:
        name = await asked_for(context)
        if name == "system":
            await beat(context)
        if name not in answered:
            answered.add(name)
            await context.write(SYNC)
        await asyncio.Event().wait()

    async def test() -> None:
        async with (
            speaking(Subscribe=subscribe) as port,
            collecting(target(port), retention=timedelta(seconds=4)) as running,
        ):
            await running.until(lambda: running.all_are(State.UP))
            await running.until(lambda: running.topic.reasons("link") == ["renewed"])
            await running.until(lambda: running.state("link") is State.CONNECTING)
            assert running.status("link").lost == 0
            since = time.monotonic()
            await running.until(lambda: time.monotonic() - since > 5 * BEAT.total_seconds())
            assert running.state("link") is State.CONNECTING
            assert running.status("link").reason == "the target has not answered yet"

    run(test())


def test_a_stream_that_is_refused_when_it_was_up_is_lost_and_not_up() -> None:
    lawful = asyncio.Event()

    async def subscribe(_requests: Any, context: Any) -> None:
        if await asked_for(context) == "system":
            await beat(context)
        await context.write(SYNC)
        await lawful.wait()
        await context.abort(StatusCode.PERMISSION_DENIED, "not any more")

    async def test() -> None:
        async with speaking(Subscribe=subscribe) as port, collecting(target(port)) as running:
            await running.until(lambda: running.all_are(State.UP))
            lawful.set()
            await running.until(lambda: running.state("link") is State.REFUSED)
            assert running.status("link").lost >= 1

    run(test())


def test_a_device_without_a_usable_encoding_is_dialled_again() -> None:
    said = [gnmi_pb2.ASCII, gnmi_pb2.PROTO]

    async def capabilities(_request: bytes, _context: Any) -> bytes:
        offered = said.pop(0) if len(said) > 1 else said[0]
        answer: bytes = gnmi_pb2.CapabilityResponse(supported_encodings=[offered]).SerializeToString()
        return answer

    async def subscribe(_requests: Any, context: Any) -> None:
        await asked_for(context)
        await beat(context)

    async def test() -> None:
        async with (
            speaking(Capabilities=capabilities, Subscribe=subscribe) as port,
            collecting(target(port)) as running,
        ):
            await running.until(lambda: running.all_are(State.REFUSED))
            assert running.status("link").reason == "the target offers no encoding of PROTO or JSON_IETF"
            await running.until(lambda: running.all_are(State.UP))

    run(test())


def test_families_that_read_at_once_hold_the_limit_and_one_message_at_most() -> None:
    size, limit = 30_000, 20_000

    async def test() -> None:
        go = asyncio.Event()

        async def subscribe(_requests: Any, context: Any) -> None:
            await context.write(SYNC)
            await go.wait()
            told = gnmi_pb2.SubscribeResponse(update={"timestamp": 1})
            told.update.prefix.target = "x" * size
            await context.write(told.SerializeToString())
            await asyncio.Event().wait()

        async with (
            speaking(Subscribe=subscribe) as port,
            collecting(target(port), limit_bytes=limit) as running,
        ):
            await running.until(lambda: running.all_are(State.UP))
            running.topic.away = True
            go.set()
            await running.until(lambda: running.supervisor.budget.exhausted)
            since = time.monotonic()
            await running.until(lambda: time.monotonic() - since > 2 * BEAT.total_seconds())
            assert running.supervisor.budget.held < limit + size + 1_000
            running.topic.come_back()

    run(test())


def test_a_device_that_syncs_and_fails_is_asked_ever_less_often_and_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed: list[int] = []

    class Watched(Backoff):
        def failed(self, chance: float) -> float:
            failed.append(self.failures)
            return super().failed(chance)

    monkeypatch.setattr("collectors.family.Backoff", Watched)

    async def subscribe(_requests: Any, context: Any) -> None:
        if await asked_for(context) == "interfaces":
            await context.write(SYNC)
            await context.abort(StatusCode.INTERNAL, "crashed")
        for _ in range(5):
            await context.write(SYNC)
        await beat(context)

    async def test() -> None:
        with structlog.testing.capture_logs() as said:
            async with speaking(Subscribe=subscribe) as port, collecting(target(port)) as running:
                await running.until(lambda: len(running.topic.reasons("link")) >= 4)
        assert failed[:4] == [0, 1, 2, 3]
        ended = [line for line in said if line["event"] == "RPC ended"]
        assert [line["family"] for line in ended] == ["link"]
        synced = [line["family"] for line in said if line["event"] == "in sync"]
        assert synced.count(LIVENESS) == synced.count("es") == 1

    run(test())


def test_a_defect_costs_one_connection_and_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = 3

    def defective(message: bytes) -> bool:
        nonlocal times
        if times:
            times -= 1
            raise ZeroDivisionError("unforeseen")
        return is_sync(message)

    monkeypatch.setattr("collectors.family.is_sync", defective)

    async def test() -> None:
        with structlog.testing.capture_logs() as said:
            async with serving(device()) as server, collecting(target(server.port)) as running:
                await running.until(lambda: running.all_are(State.UP))
                ended = [reason for family in FAMILIES for reason in running.topic.reasons(family)]
                assert set(ended) == {"the collector broke off"}
        defects = [line for line in said if line["event"] == "defect"]
        assert len(defects) == 1
        assert "unforeseen" in defects[0]["reason"]

    run(test())


def test_a_session_whose_start_no_topic_takes_is_not_begun_and_the_reason_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.session.MAX_RECORD_BYTES", 2_000)

    async def test() -> None:
        async with serving(device()) as server:
            wordy = target(server.port, labels={"note": "x" * 2_000})
            async with collecting(wordy) as running:
                await running.until(lambda: all(one.uncut for one in running.supervisor.statuses))
                assert "a start record of" in running.status("link").reason
                assert all(running.topic.of(family) == [] for family in FAMILIES)
                await running.follow(target(server.port))
                await running.until(lambda: running.all_are(State.UP))

    run(test())
