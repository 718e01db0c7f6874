"""One target: dialled, watched, dialled again, for as long as it is in the inventory.

Each family of its profile has an RPC of its own on a shared connection; what ends one leaves the others. The
connection is given up, and made anew, when it breaks or when the target falls silent.
"""

import asyncio
from collections.abc import Coroutine
from typing import Final

import structlog

from collectors.backoff import REFUSED_S, Backoff, jittered
from collectors.errors import InputError
from collectors.family import ConnectionLostError, Family
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.life import Collector, Life
from collectors.profiles import Profile
from collectors.refusals import REFUSALS
from collectors.session import Put
from collectors.states import Heartbeat
from collectors.subscriptions import Capabilities, usable_encodings

WATCH_S: Final = 1.0
STOPPED_S: Final = 3.0
"""A watch that comes this late was stopped itself, and so was the reading: it says nothing of the target."""

log: Final = structlog.get_logger(__name__)


class SilentError(ConnectionLostError):
    """The connection stands, but the target says nothing."""


class NoEncodingError(Exception):
    """The target offers nothing that can be read; another answer needs another connection."""


class Connection:
    """The sessions of one target; ``run`` goes on until it is cancelled."""

    def __init__(
        self, target: Target, profile: Profile, *, renewal_s: float, collector: Collector, put: Put
    ) -> None:
        """Take what to watch; ``renewal_s`` is the longest that an RPC may live."""
        self.target = target
        self.families = {
            family: Family(target, profile, family, renewal_s=renewal_s, collector=collector, put=put)
            for family in profile.families
        }
        self._profile = profile
        self._collector = collector
        self._life = self._new_life()
        self._said = "", ""
        self._defect = ""
        self._left_out = 0

    async def run(self, wait_s: float = 0.0) -> None:
        """Keep the target's sessions up, from ``wait_s`` on; cancelled after ``end_with``."""
        if self.target.tls is None:
            log.warning("no TLS", target=self.target.name, effect="anybody on the way can read and forge")
        await asyncio.sleep(wait_s)
        backoff = Backoff()
        while True:
            self._life = self._new_life()
            refused = await self._connect()
            if self._life.steady(self._collector.monotonic_s()):
                backoff.succeeded()
            chance = self._collector.chance()
            await asyncio.sleep(jittered(REFUSED_S, chance) if refused else backoff.failed(chance))

    def end_with(self, reason: str) -> None:
        """Say why the sessions end, before ``run`` is cancelled."""
        self._life.end_reason = reason

    def retire(self) -> None:
        """Say that nobody expects to hear of the target any more."""
        for family in self.families.values():
            family.retire()

    async def _connect(self) -> bool:
        """Dial and stream until the connection is lost; return whether the target refuses us."""
        for family in self.families.values():
            family.status.dialling(self._collector.wall_ns())
        try:
            await self._serve()
        except (InputError, NoEncodingError) as error:
            self._all_refused(str(error))
            return True
        except SilentError as error:
            self._say("silent", str(error))
            for family in self.families.values():
                family.status.silent(str(error), self._collector.wall_ns())
        except ConnectionLostError as error:
            self._all_failed(str(error))
        except RpcError as error:
            if error.code in REFUSALS:
                self._all_refused(str(error))
                return True
            self._all_failed(str(error))
        except Exception as error:  # noqa: BLE001  # a defect that one target shows must not stop the others
            self._all_broken(error)
        return False

    async def _serve(self) -> None:
        """Stream all families over one connection; raises ConnectionLostError when it is over."""
        async with GnmiClient(self.target) as client:
            capabilities = await client.capabilities()
            self._judge(capabilities)
            self._said = "", ""
            kept = (family.keep(client, capabilities, self._life) for family in self.families.values())
            await _until_one_fails(self._watch(), *kept)

    def _judge(self, capabilities: Capabilities | None) -> None:
        """Raise NoEncodingError for a target that can't be understood; say what was too much."""
        if not usable_encodings(self._profile, capabilities):
            wanted = " or ".join(self._profile.encodings)
            raise NoEncodingError(f"the target offers no encoding of {wanted}")
        left_out = 0 if capabilities is None else capabilities.models_left_out
        if left_out and left_out != self._left_out:
            log.warning("models left out", target=self.target.name, models=left_out)
        self._left_out = left_out

    async def _watch(self) -> None:
        """Raise SilentError when the liveness sample fails to come; while nobody reads, nobody is silent."""
        heart, monotonic_s = self._life.heart, self._collector.monotonic_s
        while True:
            before = monotonic_s()
            await asyncio.sleep(WATCH_S)
            now = monotonic_s()
            reading = not self._collector.budget.exhausted and now - before <= STOPPED_S
            if not (self._life.listening and reading):
                heart.heard(now)
            elif (silence := heart.silence_s(now)) is not None:
                reason = f"no liveness sample for {silence:.0f} s"
                self._life.end_reason, self._life.silent_s = reason, silence
                raise SilentError(reason)

    def _all_failed(self, reason: str) -> None:
        self._say("not connected", reason)
        for family in self.families.values():
            family.status.ended(reason, self._collector.wall_ns())

    def _all_broken(self, error: Exception) -> None:
        """Log a defect with its traceback, once for as long as it is the same."""
        reason = f"defect of the collector: {type(error).__name__}: {error}"
        if reason != self._defect:
            log.error("defect", target=self.target.name, reason=reason, exc_info=error)
        self._defect = reason
        for family in self.families.values():
            family.status.ended(reason, self._collector.wall_ns())

    def _all_refused(self, reason: str) -> None:
        self._say("refused", reason)
        for family in self.families.values():
            family.status.refused(reason, self._collector.wall_ns())

    def _say(self, event: str, reason: str) -> None:
        """Log what keeps the target from being streamed, once for as long as it is the same."""
        if (event, reason) != self._said:
            log.warning(event, target=self.target.name, reason=reason)
        self._said = event, reason

    def _new_life(self) -> Life:
        interval = self._profile.liveness.interval
        assert interval is not None, f"profile {self._profile.name} samples its liveness"
        return Life(Heartbeat(interval.total_seconds(), self._collector.monotonic_s()))


async def _until_one_fails(*works: Coroutine[None, None, None]) -> None:
    """Run works that never end until one raises; end the others and raise what it raised.

    A TaskGroup would do, but in Python 3.11 it forgets a cancellation that comes while a task of it fails.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
