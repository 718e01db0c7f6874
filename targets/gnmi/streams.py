"""One Subscribe RPC: the dump, the sync, then changes and samples, through a bounded queue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field

from grpc import StatusCode

from targets import messages
from targets.gnmi import limits, requests, wire
from targets.gnmi.branches import Leaf
from targets.gnmi.outlets import Outlet
from targets.gnmi.requests import Plan, RequestError, Sampling
from targets.gnmi.state import State
from targets.gnmi.target import Target
from targets.gnmi.views import shared

Write = Callable[[bytes], Awaitable[None]]

_NANOSECOND = 1e-9
_NOTED = 1_000


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
            _note(target, plan)
        else:
            tasks.append(_started(_sync_when_known(target, plan, outlet), outlet))
        turn = asyncio.Lock()
        tasks += [_started(_sample(target, one, outlet, turn), outlet) for one in rounds]
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


def _note(target: Target, plan: Plan) -> None:
    """Remember what a stream was told all of: not without bound, for it is a client's text."""
    if len(target.synced) < _NOTED:
        target.synced.update(text for text in plan.all.asked if len(text) <= limits.TEXT)


async def _sample(target: Target, rounds: "Rounds", outlet: Outlet, turn: asyncio.Lock) -> None:
    loop = asyncio.get_running_loop()
    interval_s = rounds.sampling.interval_ns * _NANOSECOND
    due = loop.time()
    while True:
        due = max(due + interval_s, loop.time())
        await asyncio.sleep(due - loop.time())
        async with turn:  # one sample of an RPC is held at a time
            told = rounds.next(target.clock(), due)
            while True:
                await outlet.empty()
                message = next(told, None)
                if message is None:
                    break
                outlet.put(message)


@dataclass
class Rounds:
    """The samples of one subscription."""

    state: State
    sampling: Sampling
    heartbeat_s: float
    """When all was last told, whether it had changed or not."""
    _last: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What the dump told counts as told."""
        if self.sampling.suppress:
            self._last = {leaf.path: leaf.value for leaf in self._leaves(0)}

    def next(self, now_ns: int, at_s: float) -> Iterator[bytes]:
        """Yield the messages of a sample: at ``now_ns`` by the device's clock, ``at_s`` by a steady one.

        Time may pass between two messages, and a change may be told in it: what was sampled before is not
        said after it.
        """
        leaves = self._leaves(now_ns)
        revision = self.state.revision
        gone: list[str] = []
        if self.sampling.suppress:
            now: dict[str, object] = {leaf.path: leaf.value for leaf in leaves}
            gone = [path for path in self._last if path not in now]
            beat_s = self.sampling.heartbeat_ns * _NANOSECOND
            if beat_s and at_s - self.heartbeat_s >= beat_s:
                self.heartbeat_s = at_s
            else:
                leaves = [leaf for leaf in leaves if self._last.get(leaf.path) != leaf.value]
            self._last = now
        view = self.sampling.view
        for start in range(0, len(gone), messages.MAX_UPDATES):
            portion = gone[start : start + messages.MAX_UPDATES]
            if self.state.revision != revision:
                portion = [path for path in portion if self.state.leaf(path) is None]
            if portion:
                yield view.response(now_ns, "", (), portion)
        sampled = {leaf.path: leaf for leaf in leaves}
        for paths in messages.cut(sampled, None):
            told = [sampled[path] for path in paths]
            if self.state.revision != revision:
                told = self._anew(paths, now_ns)
            if told:
                yield view.response(now_ns, shared(paths), told)

    def _anew(self, paths: list[str], now_ns: int) -> list[Leaf]:
        """Return the leaves as they are now; what is gone since, the next sample says."""
        found = [self.state.leaf(path, now_ns) for path in paths]
        leaves = [leaf._replace(time_ns=now_ns) for leaf in found if leaf is not None]
        if self.sampling.suppress:
            self._last.update((leaf.path, leaf.value) for leaf in leaves)
        return leaves

    def _leaves(self, now_ns: int) -> list[Leaf]:
        snapshot = self.state.snapshot(self.sampling.view, now_ns)
        atomic = (leaf for _, leaves in snapshot.atomic for leaf in leaves)
        return [leaf._replace(time_ns=now_ns) for leaf in (*snapshot.leaves, *atomic)]
