"""One family of one target: its RPC, opened, read, renewed and opened again on a connection that stands."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog

from collectors.backoff import REFUSED_S, Backoff, jittered
from collectors.budget import Budget
from collectors.cutting import UncuttableError, cut_response
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.profiles import LIVENESS, Profile
from collectors.records import RETIRED
from collectors.refusals import ASK_OTHERWISE, REFUSALS
from collectors.session import Put, Session, SessionIds
from collectors.states import FamilyStatus, Heartbeat, State
from collectors.subscriptions import (
    Attempt,
    Capabilities,
    attempts,
    is_response,
    is_sync,
    subscribe_request,
    subscribed_paths,
)

RENEWED: Final = "renewed"
TARGET_ENDED: Final = "the target ended the RPC"
NONSENSE: Final = "the target sent what is no SubscribeResponse"

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """What all connections of a process share."""

    version: str
    budget: Budget
    chance: Callable[[], float]
    """Gives a number from 0 to 1, each time another."""
    ids: SessionIds
    wall_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Life:
    """What the families of one connection share."""

    heart: Heartbeat
    listening: bool = False
    """Whether the liveness RPC is open: a target that ends or refuses it has spoken, and is not silent."""
    end_reason: str | None = None
    """Why all sessions are about to be ended; None: they are not."""
    silent_s: float = 0.0
    """How long the target had been silent when the sessions were ended for it; 0: they were not."""
    synced: bool = False
    """Whether any family got its dump over this connection."""


class ConnectionLostError(Exception):
    """The connection to a target broke."""


class Family:
    """The RPCs of one family, one after the other."""

    def __init__(
        self,
        target: Target,
        profile: Profile,
        family: str,
        *,
        renewal_s: float,
        collector: Collector,
        put: Put,
    ) -> None:
        """Take what to ask for; ``renewal_s`` is the longest that an RPC may live."""
        self.status = FamilyStatus(target.name, target.fabric, family, collector.wall_ns())
        self.ended_with: str | None = None
        """The reason of the last ``end``; None while a session is open, or before the first."""
        self._target = target
        self._profile = profile
        self._asked = [one for one in profile.subscriptions if one.family == family]
        self._renewal_s = renewal_s
        self._end = asyncio.timeout(None)
        """When the RPC that is open will be renewed."""
        self._collector = collector
        self._put = put
        self._log = log.bind(target=target.name, family=family)

    async def keep(self, client: GnmiClient, capabilities: Capabilities | None, life: Life) -> None:
        """Keep an RPC of the family up; raises ConnectionLostError when the connection is gone."""
        ways = attempts(self._profile, self._asked, capabilities)
        if not ways:
            wanted = " or ".join(self._profile.encodings)
            self._refuse(f"the target offers no encoding of {wanted}")
            await asyncio.Event().wait()  # another answer needs another connection
        backoff = Backoff()
        untried, refusals = ways, list[str]()
        while True:
            try:
                async with asyncio.timeout(jittered(self._renewal_s, self._collector.chance())) as self._end:
                    await self._stream(client, capabilities, untried[0], life, refusals)
                reason = TARGET_ENDED
            except TimeoutError:
                untried, refusals = ways, []
                continue
            except RpcError as error:
                reason = str(error)
                if error.code in REFUSALS:
                    untried = untried[1:] if error.code in ASK_OTHERWISE else []
                    refusals = [*refusals, reason]
                    if not untried:
                        self._refuse(refusals[0])
                        await asyncio.sleep(jittered(REFUSED_S, self._collector.chance()))
                        untried, refusals = ways, []
                    continue
                if not client.connected:
                    life.end_reason = reason
                    raise ConnectionLostError(reason) from error
            if self.status.state is State.UP:
                backoff.succeeded()
            self._log.warning("RPC ended", reason=reason)
            self.status.ended(reason, self._collector.wall_ns())
            await asyncio.sleep(backoff.failed(self._collector.chance()))

    def retire(self) -> None:
        """Say that nobody expects to hear of this family any more, unless its last session said so."""
        if self.ended_with != RETIRED:
            self._open().end(RETIRED, self._collector.wall_ns())

    async def _stream(
        self,
        client: GnmiClient,
        capabilities: Capabilities | None,
        way: Attempt,
        life: Life,
        refusals: list[str],
    ) -> None:
        """Pass on what one RPC says until the target ends it; its session's last record is an ``end``."""
        session: Session | None = None
        reason = TARGET_ENDED
        budget, status, wall_ns = self._collector.budget, self.status, self._collector.wall_ns
        alive = self.status.family == LIVENESS
        await budget.room()
        status.asked(wall_ns())
        if alive:
            life.heart.heard(self._collector.monotonic_s())
            life.listening = True
        try:
            async with aclosing(client.subscribe(subscribe_request(self._asked, way))) as messages:
                async for message in messages:
                    now_ns = wall_ns()
                    if session is None:
                        session = self._open()
                        session.start(self._start(way, capabilities), now_ns)
                        status.answered(now_ns)
                    if alive:
                        life.heart.heard(self._collector.monotonic_s())
                    self._pass_on(session, message, now_ns)
                    if is_sync(message):
                        self._synced(way, life, refusals, now_ns)
                    await budget.room()
        except RpcError as error:
            reason = str(error)
            raise
        except asyncio.CancelledError:
            reason = life.end_reason or RENEWED
            raise
        finally:
            if alive:
                life.listening = False
            if session is not None:
                now_ns = wall_ns()
                silent = reason == life.end_reason and life.silent_s
                session.end(reason, now_ns, now_ns - round(life.silent_s * 1e9) if silent else None)
                self.ended_with = reason

    def _synced(self, way: Attempt, life: Life, refusals: list[str], now_ns: int) -> None:
        life.synced = True
        self.status.synced(f"asked as {way}: {refusals[0]}" if refusals else "", now_ns)
        self._log.info("in sync", way=str(way))

    def _pass_on(self, session: Session, message: bytes, now_ns: int) -> None:
        """Say what came; raises RpcError for nonsense: only another dump tells what it should have said."""
        try:
            for part in cut_response(message):
                session.response(part, now_ns)
                self.status.received(len(part))
        except UncuttableError as error:
            session.lost()
            self.status.uncut += 1
            self._log.warning("response lost", reason=str(error), effect="a hole in the session's numbers")
            self._renew_soon()
        if not is_response(message):
            raise RpcError(grpc.StatusCode.DATA_LOSS, NONSENSE)

    def _renew_soon(self) -> None:
        """Have the RPC renewed in minutes: until then a hole makes the family blind."""
        soon = asyncio.get_running_loop().time() + jittered(REFUSED_S, self._collector.chance())
        planned = self._end.when()
        if planned is None or soon < planned:
            self._end.reschedule(soon)

    def _refuse(self, reason: str) -> None:
        if reason != self.status.reason:  # what repeats itself is not said again
            self._log.warning("refused", reason=reason)
        self.status.refused(reason, self._collector.wall_ns())

    def _open(self) -> Session:
        self.ended_with = None
        session = self._collector.ids.next(self._collector.wall_ns())
        return Session(self._target, self.status.family, session, self._put)

    def _start(self, way: Attempt, capabilities: Capabilities | None) -> dict[str, Any]:
        """Return what a ``start`` record says of the RPC."""
        versions = {"collector": f"fabricscope {self._collector.version}"}
        if capabilities is not None:
            versions["gnmi"] = capabilities.version
        return {
            "paths": list(subscribed_paths(self._asked, way)),
            "encoding": way.encoding,
            "models": [] if capabilities is None else list(capabilities.models),
            "versions": versions,
        }
