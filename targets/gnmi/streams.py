"""One Subscribe RPC: the dump, the sync, then changes and samples, through a bounded queue."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field

from grpc import StatusCode

from targets.gnmi import requests, wire
from targets.gnmi.branches import Leaf
from targets.gnmi.requests import Plan, RequestError, Sampling
from targets.gnmi.state import State
from targets.gnmi.target import Target

Write = Callable[[bytes], Awaitable[None]]

_NANOSECOND = 1e-9


class Outlet:
    """Messages on their way to one subscriber, as many as fit into ``limit_bytes``.

    A subscriber that falls behind further is cut off, not lied to: updates of a leaf that were merged would
    hide that it changed and changed back. It comes back, hears all of the state again and knows of the gap.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._failure: BaseException | None = None

    def put(self, message: bytes) -> None:
        """Add a message; never waits."""
        if self._failure is not None:
            return
        if self._waiting and self._bytes + len(message) > self._limit_bytes:
            self.fail(
                RequestError(
                    StatusCode.RESOURCE_EXHAUSTED,
                    f"more than {self._limit_bytes} bytes wait for this subscriber: read faster",
                )
            )
            return
        self._waiting.append(message)
        self._bytes += len(message)
        self._news.set()

    def fail(self, error: BaseException) -> None:
        """Drop what waits and end the RPC with this error."""
        self._waiting.clear()
        self._failure = error
        self._news.set()

    async def get(self) -> bytes:
        """Return the next message; raises what the RPC is to end with."""
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message


async def serve(
    target: Target, plan: Plan, outlet: Outlet, write: Write, asked: AsyncIterator[bytes]
) -> None:
    """Tell a subscriber all that it asked for; raises RequestError when it is to be cut off.

    Args:
        target: who speaks.
        plan: the RPC's first message, read.
        outlet: holds what could not be written yet.
        write: takes a message and waits until the transport has room for it.
        asked: the RPC's further messages.
    """
    if plan.mode == "STREAM":
        await _stream(target, plan, outlet, write, asked)
        return
    await _answer(target, plan, write)
    if plan.mode == "POLL":
        async for message in asked:
            requests.poll(message)
            await _answer(target, plan, write)


async def _stream(
    target: Target, plan: Plan, outlet: Outlet, write: Write, asked: AsyncIterator[bytes]
) -> None:
    state = target.state
    # The dump is of this moment too, for nothing waits in between. What changes while it is written waits in
    # the outlet.
    for view in plan.changes:
        state.join(view, outlet.put)
    rounds = [Rounds(state, sampling, asyncio.get_running_loop().time()) for sampling in plan.samplings]
    tasks = [_started(_expect_nothing(asked, outlet), outlet)]
    known = target.unheard.of(plan.all) is None
    try:
        await _dump(target, plan, write)
        if known:
            await write(wire.SYNC)
            target.synced.update(plan.all.asked)
        else:
            tasks.append(_started(_sync_when_known(target, plan, outlet), outlet))
        tasks += [_started(_sample(target, one, outlet), outlet) for one in rounds]
        while True:
            await write(await outlet.get())
    finally:
        for view in plan.changes:
            state.leave(view, outlet.put)
        for task in tasks:
            task.cancel()


async def _dump(target: Target, plan: Plan, write: Write) -> None:
    if not plan.updates_only:
        for message in target.state.dump(plan.all, target.state.snapshot(plan.all, target.clock())):
            await write(message)


async def _answer(target: Target, plan: Plan, write: Write) -> None:
    """Tell all there is, in modes that end with it; raises RequestError if a part of it isn't known."""
    requests.require_known(plan.all, target)
    await _dump(target, plan, write)
    await write(wire.SYNC)


async def _sync_when_known(target: Target, plan: Plan, outlet: Outlet) -> None:
    await target.unheard.wait(plan.all)
    outlet.put(wire.SYNC)


async def _expect_nothing(asked: AsyncIterator[bytes], outlet: Outlet) -> None:
    async for _ in asked:
        outlet.fail(
            RequestError(
                StatusCode.INVALID_ARGUMENT,
                "after its SubscriptionList, an RPC in mode STREAM takes no message",
            )
        )


def _started(work: Coroutine[None, None, None], outlet: Outlet) -> asyncio.Task[None]:
    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            outlet.fail(error)

    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(ended)
    return task


async def _sample(target: Target, rounds: "Rounds", outlet: Outlet) -> None:
    loop = asyncio.get_running_loop()
    interval_s = rounds.sampling.interval_ns * _NANOSECOND
    due = loop.time()
    while True:
        due = max(due + interval_s, loop.time())
        await asyncio.sleep(due - loop.time())
        for message in rounds.next(target.clock(), due):
            outlet.put(message)


@dataclass
class Rounds:
    """The samples of one subscription."""

    state: State
    sampling: Sampling
    heartbeat_s: float
    """When all was last told, whether it had changed or not."""
    _last: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What the dump told counts as told."""
        if self.sampling.suppress:
            self._last = {leaf.path: leaf.value for leaf in self._leaves(0)}

    def next(self, now_ns: int, at_s: float) -> Iterator[bytes]:
        """Yield the messages of a sample: at ``now_ns`` by the device's clock, ``at_s`` by a steady one."""
        leaves = self._leaves(now_ns)
        gone: list[str] = []
        if self.sampling.suppress:
            now = {leaf.path: leaf.value for leaf in leaves}
            gone = [path for path in self._last if path not in now]
            beat_s = self.sampling.heartbeat_ns * _NANOSECOND
            if beat_s and at_s - self.heartbeat_s >= beat_s:
                self.heartbeat_s = at_s
            else:
                leaves = [leaf for leaf in leaves if self._last.get(leaf.path) != leaf.value]
            self._last = now
        view = self.sampling.view
        if gone:
            yield view.response(now_ns, "", (), gone)
        yield from view.dump(leaves)

    def _leaves(self, now_ns: int) -> list[Leaf]:
        snapshot = self.state.snapshot(self.sampling.view, now_ns)
        atomic = (leaf for _, leaves in snapshot.atomic for leaf in leaves)
        return [leaf._replace(time_ns=now_ns) for leaf in (*snapshot.leaves, *atomic)]
