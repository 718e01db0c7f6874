"""The agent as a gNMI target: a thread that polls, and the server's event loop that tells what it heard."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from collectors.profiles import LIVENESS, profile
from targets.frr.agent import Agent, Figures
from targets.frr.commands import Command
from targets.frr.families import SOURCES, UNTOLD
from targets.frr.poll import Host
from targets.frr.processes import Processes, allow_descriptors
from targets.gnmi.access import ServerTls, Users
from targets.gnmi.server import serve
from targets.gnmi.target import Target
from targets.gnmi.unheard import Unheard
from targets.messages import portions
from targets.openconfig.families import FAMILIES, LIVENESS_PATH, datetime_text
from targets.openconfig.target import openconfig_target
from targets.tree import Delta

_END_S: Final = 5.0

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Listener:
    """Where and to whom the target is served."""

    address: str
    tls: ServerTls | None
    users: Users | None


class Relay:
    """Takes what the agent's thread says to the event loop, where the target is changed.

    A change that fails is the last one: the agent has already moved on, so the target would go on to tell
    of a host that there isn't. ``failed`` is told why, once.
    """

    def __init__(
        self, target: Target, loop: asyncio.AbstractEventLoop, failed: Callable[[Exception], object]
    ) -> None:
        self._target = target
        self._loop = loop
        self._failed = failed
        self._over = False
        self._known: set[str] = set()
        self._life: asyncio.TimerHandle | None = None

    def changed(self, family: str, delta: Delta, time_ns: int) -> None:
        """Tell a difference; called in the agent's thread."""
        for portion in portions(delta, FAMILIES[family]):
            # one call each: a large difference does not keep the loop from its other work
            self._do(partial(self._target.state.apply, portion, time_ns))

    def known(self, families: tuple[str, ...]) -> None:
        """Let the first dumps of families end."""
        new = set(families) - self._known
        if new:
            self._known |= new
            branches = [path for family in new for path in branches_of(family)]
            self._do(lambda: self._target.unheard.hear(branches))

    def alive(self, time_ns: int, lasting_s: float) -> None:
        """Show a sign of life, for a while: who samples the clock of a host that hangs hears nothing."""
        self._do(lambda: self._live(time_ns, lasting_s))

    def _do(self, action: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(self._try, action)

    def _try(self, action: Callable[[], object]) -> None:
        if self._over:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001  # whatever it is, it ends the process
            self._over = True
            self._failed(error)

    def _live(self, time_ns: int, lasting_s: float) -> None:
        if self._life is not None:
            self._life.cancel()
        clock = Delta({LIVENESS_PATH: datetime_text(time_ns)})
        self._target.state.apply(clock, time_ns)
        self._life = self._loop.call_later(lasting_s, self._try, partial(self._fade, time_ns))

    def _fade(self, time_ns: int) -> None:
        self._target.state.apply(Delta({}, (LIVENESS_PATH,)), time_ns)


def host_target(asked: Iterable[Command] | None = None) -> Target:
    """Return a target that knows nothing of its host yet.

    It refuses what FRRouting doesn't have. What no command asks for, of daemons that don't run, is not
    there; without ``asked`` all is asked for.
    """
    target = openconfig_target()
    served = set(FAMILIES) - set(UNTOLD)
    if asked is not None:
        documents = {document for command in asked for document in command.documents}
        served &= {source.family for source in SOURCES if documents.intersection(source.documents)}
    target.serves = tuple(it for it in target.serves if it not in {f"/{family}" for family in UNTOLD})
    target.unheard = Unheard(path for family in served for path in branches_of(family))
    # the clock is not that of this process, which may run while its host does not answer
    target.state.apply(Delta({}, (LIVENESS_PATH,)), 0)
    return target


def branches_of(family: str) -> tuple[str, ...]:
    """Return the paths of a family that come from polls, as the profile subscribes to them."""
    if family == LIVENESS:
        return ()
    subscriptions = profile("openconfig").subscriptions
    return tuple(path for one in subscriptions if one.family == family for path in one.paths)


def run(asked: tuple[Command, ...], listener: Listener, figures: Figures) -> None:
    """Serve this host until SIGTERM or SIGINT; what comes of the polls stands in ``figures``."""
    asyncio.run(_run(asked, listener, figures))


async def _run(asked: tuple[Command, ...], listener: Listener, figures: Figures) -> None:
    loop = asyncio.get_running_loop()
    over, stop = asyncio.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    allow_descriptors()
    target, processes = host_target(asked), Processes()
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        over.set()

    agent = Agent(Host(asked, processes), Relay(target, loop, failed), figures)
    server = await serve(target, listener.address, tls=listener.tls, users=listener.users)
    log.info("listening", address=listener.address, port=server.port, tls=listener.tls is not None)

    def poll() -> None:
        try:
            agent.run(stop)
        finally:
            # without polls there is nothing to serve; after an error the process is to end with it
            loop.call_soon_threadsafe(over.set)

    thread = _Thread(poll)
    thread.start()
    await over.wait()
    stop.set()
    processes.interrupt()
    await server.stop(None)
    await asyncio.to_thread(thread.join, _END_S)
    if not thread.is_alive():
        processes.close()
    if thread.error is not None:
        failures.append(thread.error)
    if failures:
        raise failures[0]


class _Thread(threading.Thread):
    """The agent's thread; keeps what ended it."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="polls", daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work; an error is for the main thread."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  # raised again where the process ends
            self.error = error
