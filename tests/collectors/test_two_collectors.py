"""Two collectors on one target, by mistake or while one takes over: what the pipeline makes of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from collectors.publisher import Outgoing
from collectors.records import RETIRED
from collectors.states import State
from pipeline.apply.sessions import SessionBatch, Sessions
from pipeline.batch import RawBatch
from pipeline.decode import decode
from tests.collectors.devices import device, links_up, serving, target
from tests.collectors.running import Running, collecting

pytestmark = pytest.mark.usefixtures("quick")


def applied(records: list[Outgoing]) -> tuple[SessionBatch, Any]:
    """Return what the pipeline makes of a topic, and its observers afterwards."""
    batch = RawBatch(
        offsets=np.arange(len(records)),
        timestamps_ms=np.array([one.timestamp_ms for one in records]),
        keys=[one.key.decode() for one in records],
        values=[one.value for one in records],
    )
    sessions = Sessions()
    made = sessions.process(decode(batch).control)
    return made, sessions.observer_frame()


async def both_up(stack: AsyncExitStack, port: int) -> tuple[Running, Running]:
    """Start a collector and, once it is in sync, a second one beside it."""
    older = await stack.enter_async_context(collecting(target(port), name="z-first"))
    await older.until(lambda: older.all_are(State.UP))
    newer = await stack.enter_async_context(collecting(target(port), name="a-second"))
    await newer.until(lambda: newer.all_are(State.UP))
    return older, newer


def topic_of(*collectors: Running) -> list[Outgoing]:
    """Return what collectors wrote as one topic; each's own order is kept, the rest is by time of receipt."""
    return sorted(
        (one for running in collectors for one in running.topic.records), key=lambda one: one.timestamp_ms
    )


def hears_the_change(running: Running) -> bool:
    return b"DOWN" in running.topic.of("link")[-1].response


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_the_newer_session_counts_and_the_older_is_ignored() -> None:
    async def test() -> None:
        served = device()
        async with serving(served) as server, AsyncExitStack() as stack:
            older, newer = await both_up(stack, server.port)
            served.state.apply(links_up(1, "DOWN"), time.time_ns())
            for one in (older, newer):
                await one.until(partial(hears_the_change, one))
            made, observers = applied(topic_of(older, newer))
            assert (observers["state"] == "fresh").all()
            assert all(session.endswith("-a-second") for session in observers["session"])
            events = made.events.filter(made.events["family"] == "link")["kind"].to_list()
            assert events.count("superseded") == 1
            assert "ignored" in events, "the older one said the change too"
            assert "hole" not in events

    run(test)


def test_when_the_newer_one_goes_the_older_one_counts_again_with_its_next_session() -> None:
    async def test() -> None:
        async with serving(device()) as server, AsyncExitStack() as stack:
            older, newer = await both_up(stack, server.port)
            await newer.stop()
            _, observers = applied(topic_of(older, newer))
            assert (observers["state"] == "ended").all()
            await server.stop()
            await older.until(lambda: older.all_are(State.CONNECTING))
            async with serving(device(), port=server.port):
                await older.until(lambda: older.all_are(State.UP))
                _, observers = applied(topic_of(older, newer))
            assert (observers["state"] == "fresh").all()
            assert all(session.endswith("-z-first") for session in observers["session"])

    run(test)


def test_who_hands_a_target_over_does_not_end_the_sessions_of_who_took_it() -> None:
    async def test() -> None:
        async with serving(device()) as server, AsyncExitStack() as stack:
            older, newer = await both_up(stack, server.port)
            await older.follow(replace(target(server.port), name="leaf2"))
            await older.until(lambda: "leaf1" not in older.supervisor.connections)
            _, observers = applied(topic_of(older, newer))
            mine = observers.filter(observers["session"].str.ends_with("-a-second"))
            assert len(mine) == 3
            assert (mine["state"] == "fresh").all()

    run(test)


def test_who_hands_over_a_target_that_it_lost_does_not_end_the_sessions_of_who_took_it() -> None:
    async def test() -> None:
        async with serving(device()) as server, serving(device()) as other, AsyncExitStack() as stack:
            older = await stack.enter_async_context(collecting(target(server.port), name="z-first"))
            await older.until(lambda: older.all_are(State.UP))
            await server.stop()
            await older.until(lambda: older.all_are(State.CONNECTING))
            newer = await stack.enter_async_context(collecting(target(other.port), name="a-second"))
            await newer.until(lambda: newer.all_are(State.UP))
            await older.follow(replace(target(other.port), name="leaf2"))
            await older.until(lambda: "leaf1" not in older.supervisor.connections)
            assert older.topic.reasons("link")[-1] == RETIRED
            _, observers = applied(topic_of(older, newer))
            mine = observers.filter(observers["session"].str.ends_with("-a-second"))
            assert len(mine) == 3
            assert (mine["state"] == "fresh").all()

    run(test)
