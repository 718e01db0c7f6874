"""A simulated fabric at the pace of the wall clock: a gNMI server per device, in one event loop."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

from collectors.errors import FabricscopeError, InputError
from targets.simulate.console import commands_typed
from targets.simulate.folder import Folder
from targets.simulate.served import Served
from targets.simulated.agenda import SECOND
from targets.simulated.agents import Agents, Told
from targets.simulated.fabric import Fabric
from targets.simulated.news import ActionNote, Said
from targets.simulated.play import schedule
from targets.simulated.scenarios import Scenario, Step, steps_of
from targets.simulated.truth import Line, Truth, text_of
from targets.simulated.verbs import do

_PATIENCE_S: Final = 0.05
"""Longest sleep: what people type and what is waited for is looked after as often."""
_SHORTEST_S: Final = 0.001
_REMIND_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a scenario is played live."""

    scenario: Scenario
    seed: int
    folder: Path
    fabric: str
    listen: str
    first_port: int
    wait: bool
    keep: bool
    interactive: bool


def play(fabric: Fabric, options: Options) -> None:
    """Play a scenario; returns when it is over, or when a signal ends it.

    Raises InputError for what can't be played, FabricscopeError when interrupted before the end.
    """
    steps = steps_of(options.scenario, fabric.plan, options.seed)
    asyncio.run(_Play(fabric, options, steps).run())


class _Play:
    def __init__(self, fabric: Fabric, options: Options, steps: Sequence[Step]) -> None:
        self._fabric, self._options, self._steps = fabric, options, steps
        self._agents, self._truth = Agents(fabric), Truth(fabric.plan)
        self._served: dict[str, Served] = {}
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turning: dict[str, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._start_ns = 0
        # virtual time follows a clock that is never set back
        self._ahead_ns = time.time_ns() - time.monotonic_ns()

    def _now(self) -> int:
        return time.monotonic_ns() + self._ahead_ns

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        folder = Folder.make(self._options.folder)
        folder.truth.write_bytes(b"")
        folder.inventory.unlink(missing_ok=True)
        try:
            await self._listen(folder)
            with folder.truth.open("ab", buffering=0) as file:
                await self._scenario(lambda line: file.write(text_of(line)))
        finally:
            for task in [*self._tasks, *self._turning.values()]:
                task.cancel()
            await asyncio.gather(*(served.stop() for served in self._served.values()))
        if self._failure is not None:
            raise self._failure

    async def _listen(self, folder: Folder) -> None:
        port = self._options.first_port
        for number, device in enumerate(self._fabric.devices.values()):
            if self._stop.is_set():
                raise FabricscopeError("interrupted before all targets listened")
            tls = folder.tls(device.name, self._options.listen)
            served = Served(self._fabric, device, self._options.listen, tls, folder.users)
            self._served[device.name] = served
            await served.start(port + number if port else 0)
        folder.write_inventory(
            self._options.fabric,
            [(it.device.node, it.address, it.port) for it in self._served.values()],
        )
        ports = {name: it.port for name, it in self._served.items()}
        _say(
            {"state": "ready", "inventory": str(folder.inventory), "truth": str(folder.truth), "ports": ports}
        )

    async def _scenario(self, write: Callable[[Line], object]) -> None:
        if self._options.wait and not await self._subscribed(write):
            raise FabricscopeError("interrupted before all targets had a subscriber")
        self._start_ns = self._now() + SECOND // 10
        end_ns = self._start_ns + round(self._options.scenario.seconds * SECOND)
        schedule(self._fabric, self._steps, self._start_ns, _try)
        scenario = self._options.scenario.name
        write(self._truth.begin(self._start_ns, scenario=scenario, seed=self._options.seed))
        _say(
            {
                "state": "playing",
                "scenario": scenario,
                "start": self._start_ns / SECOND,
                "end": end_ns / SECOND,
            }
        )
        if self._options.interactive:
            self._spawn(self._typed())
        while not self._stop.is_set() and self._now() < end_ns:
            self._advance(write, end_ns)
            await self._pause(end_ns)
        over = self._now() >= end_ns
        self._advance(write, end_ns)
        if over and (self._options.keep or self._options.interactive):
            # people may go on: what is still to be expected is told as it comes
            _say({"state": "over", "scenario": scenario})
            while not self._stop.is_set():
                self._advance(write, self._now())
                await self._pause(self._now() + SECOND)
        for line in self._truth.finish(max(end_ns, self._now()) if over else self._now()):
            write(line)
        _say({"state": "ended", "scenario": scenario, "complete": over})
        if not over and self._failure is None:
            raise FabricscopeError("interrupted before the scenario ended")

    async def _subscribed(self, write: Callable[[Line], object]) -> bool:
        """Wait until somebody has been told all of every device; return False when interrupted."""
        remind = time.monotonic() + _REMIND_S
        while not self._stop.is_set():
            missing = [name for name, served in self._served.items() if not served.synced]
            if not missing:
                return True
            if time.monotonic() >= remind:
                typer.echo(f"waiting for subscribers of {', '.join(missing)}", err=True)
                remind += _REMIND_S
            self._advance(write, self._now())
            await asyncio.sleep(_PATIENCE_S)
        return False

    async def _pause(self, until_ns: int) -> None:
        """Sleep until something happens, not for long."""
        due = self._fabric.agenda.next_ns
        wait_ns = min(until_ns, until_ns if due is None else due) - self._now()
        # servers have to write meanwhile, however much happens
        await asyncio.sleep(min(max(wait_ns / SECOND, _SHORTEST_S), _PATIENCE_S))

    def _advance(self, write: Callable[[Line], object], until_ns: int) -> None:
        now = min(self._now(), until_ns)
        for news in self._fabric.advance(now):
            if not isinstance(news, Said):
                for line in self._truth.take(news):
                    self._write(write, line)
            if isinstance(news, ActionNote):
                continue
            for act in self._agents.take(news):
                if isinstance(act, Told):
                    self._tell(act, now)
                else:
                    # in the order in which they came, each when the one before is done
                    before = self._turning.get(act.device)
                    turn = self._after(before, self._served[act.device].turn(act))
                    self._turning[act.device] = self._spawn(turn)
        for line in self._truth.until(now):
            self._write(write, line)

    @staticmethod
    async def _after(before: asyncio.Task[None] | None, work: Coroutine[Any, Any, None]) -> None:
        if before is not None:
            await asyncio.wait([before])
        await work

    def _tell(self, told: Told, now: int) -> None:
        served = self._served[told.device]
        if told.time_ns <= now:
            served.tell(told)
        else:
            late_s = (told.time_ns - now) / SECOND
            asyncio.get_running_loop().call_later(late_s, served.tell, told)

    def _write(self, write: Callable[[Line], object], line: Line) -> None:
        write(line)
        at = line["ts"] - self._start_ns / SECOND
        told = {name: it for name, it in line.items() if name not in ("ts", "action", "forwarders")}
        words = " ".join(f"{name}={it}" for name, it in told.items() if not name.endswith("_at"))
        typer.echo(f"{at:8.3f} s  {line['action']} {words}", err=True)

    async def _typed(self) -> None:
        """Do what people type."""
        async for verb, *words in commands_typed():
            if verb == "quit":
                break
            self._fabric.agenda.at(self._now(), partial(_try, self._fabric, verb, words))
        self._stop.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failure = error
            self._stop.set()


def _try(fabric: Fabric, verb: str, words: Sequence[str], time_ns: int) -> None:
    """Do something if it makes sense: what people typed before may stand in its way."""
    try:
        do(fabric, verb, words, time_ns)
    except InputError as error:
        typer.echo(f"error: {error}", err=True)


def _say(what: dict[str, object]) -> None:
    """Tell who started this, as a line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
