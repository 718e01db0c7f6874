"""One family of one target: its RPC, opened, read, renewed and opened again on a connection that stands."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final

import grpc
import structlog

from collectors.backoff import REFUSED_S, Backoff, jittered
from collectors.cutting import MAX_RESPONSE_BYTES, UncuttableError, cut_response
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.life import Collector, Life
from collectors.profiles import LIVENESS, Profile
from collectors.records import RETIRED
from collectors.refusals import ASK_OTHERWISE, REFUSALS
from collectors.session import OversizeError, Put, Session
from collectors.states import FamilyStatus, State
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
BROKEN_OFF: Final = "the collector broke off"
NONSENSE: Final = "the target sent what is no SubscribeResponse"

log: Final = structlog.get_logger(__name__)


class ConnectionLostError(Exception):
    """The connection to a target broke."""


class HoleError(Exception):
    """Something came that can't be said: only another dump fills the hole."""


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
        self._said = ""
        """Why the RPC ended when that was last logged."""
        self._target = target
        self._profile = profile
        self._asked = [one for one in profile.subscriptions if one.family == family]
        self._renewal_s = renewal_s
        self._end = asyncio.timeout(None)
        """When the RPC that is open will be renewed."""
        self._collector = collector
        self._retiring = collector.ids.next(collector.wall_ns())
        """Id of a session that ranks just behind the last, and before those of who took over since."""
        self._put = put
        self._log = log.bind(target=target.name, family=family)

    async def keep(self, client: GnmiClient, capabilities: Capabilities | None, life: Life) -> None:
        """Keep an RPC of the family up; raises ConnectionLostError when the connection is gone."""
        ways = attempts(self._profile, self._asked, capabilities)
        backoff = Backoff()
        untried, refusals = ways, list[str]()
        while True:
            try:
                async with asyncio.timeout(jittered(self._renewal_s, self._collector.chance())) as self._end:
                    await self._stream(client, capabilities, untried[0], life, refusals)
                reason = TARGET_ENDED
            except TimeoutError:
                self.status.renewed(self._collector.wall_ns())
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
                    elif self.status.state in (State.SYNCING, State.UP):  # refused in mid-stream
                        self._ended(reason)
                    continue
                if not client.connected:
                    life.end_reason = reason
                    raise ConnectionLostError(reason) from error
            except HoleError as error:
                self.status.uncut += 1
                self._ended(str(error))
                await asyncio.sleep(jittered(REFUSED_S, self._collector.chance()))
                continue
            if self.status.steady(self._collector.wall_ns()):
                backoff.succeeded()
                self._said = ""
            self._ended(reason)
            await asyncio.sleep(backoff.failed(self._collector.chance()))

    def retire(self) -> None:
        """Say that nobody expects to hear of this family any more, unless its last session said so.

        A collector that took the target over in the meantime has later sessions, which go on.
        """
        if self.ended_with != RETIRED:
            session = Session(self._target, self.status.family, self._retiring, self._put)
            session.end(RETIRED, self._collector.wall_ns())
            self.ended_with = RETIRED

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
        reason = BROKEN_OFF
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
                    parts, hole = await _parts(message)
                    await budget.room()  # nothing is awaited from here to the last record of the message
                    now_ns = wall_ns()
                    if session is None:
                        session = self._begin(way, capabilities, now_ns)
                    if alive:
                        life.heart.heard(self._collector.monotonic_s())
                    self._pass_on(session, parts, hole, now_ns)
                    if parts[0] is message and is_sync(message):  # a sync is never cut
                        self._synced(way, life, refusals, now_ns)
            reason = TARGET_ENDED
        except (RpcError, HoleError) as error:
            reason = str(error)
            raise
        except asyncio.CancelledError:
            reason = life.end_reason or (RENEWED if self._end.expired() else BROKEN_OFF)
            raise
        finally:
            if alive:
                life.listening = False
            if session is not None:
                self._close(session, reason, life)

    def _synced(self, way: Attempt, life: Life, refusals: list[str], now_ns: int) -> None:
        life.synced(self._collector.monotonic_s())
        if self.status.state is not State.UP:  # a target may say so as often as it likes
            self._log.info("in sync", way=str(way))
        self.status.synced(f"asked as {way}: {refusals[0]}" if refusals else "", now_ns)

    def _begin(self, way: Attempt, capabilities: Capabilities | None, now_ns: int) -> Session:
        """Open a session for an RPC that was answered; raises HoleError when its start can't be said."""
        ids = self._collector.ids
        session = Session(self._target, self.status.family, ids.next(now_ns), self._put)
        self._retiring = ids.next(now_ns)
        try:
            session.start(self._start(way, capabilities), now_ns)
        except OversizeError as error:
            raise HoleError(str(error)) from error
        self.ended_with = None
        self.status.answered(now_ns)
        return session

    def _pass_on(self, session: Session, parts: Sequence[bytes], hole: str, now_ns: int) -> None:
        """Say what came; raises HoleError when that is not possible, RpcError for nonsense.

        After nonsense only another dump tells what it should have said.
        """
        if hole:
            session.lost()
            raise HoleError(hole)
        for part in parts:
            try:
                session.response(part, now_ns)
            except OversizeError as error:
                raise HoleError(str(error)) from error
            self.status.received(len(part))
        if len(parts) == 1 and not is_response(parts[0]):  # who cuts has looked
            raise RpcError(grpc.StatusCode.DATA_LOSS, NONSENSE)

    def _close(self, session: Session, reason: str, life: Life) -> None:
        now_ns = self._collector.wall_ns()
        silent = reason == life.end_reason and life.silent_s
        session.end(reason, now_ns, now_ns - round(life.silent_s * 1e9) if silent else None)
        self.ended_with = reason

    def _ended(self, reason: str) -> None:
        if reason != self._said:  # what repeats itself is not said again
            self._log.warning("RPC ended", reason=reason)
        self._said = reason
        self.status.ended(reason, self._collector.wall_ns())

    def _refuse(self, reason: str) -> None:
        if reason != self.status.reason:  # what repeats itself is not said again
            self._log.warning("refused", reason=reason)
        self.status.refused(reason, self._collector.wall_ns())

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


async def _parts(message: bytes) -> tuple[Sequence[bytes], str]:
    """Return what is to be said of a message, and why it can't be said; empty if it can."""
    if len(message) <= MAX_RESPONSE_BYTES:
        return (message,), ""
    try:
        return await asyncio.to_thread(cut_response, message), ""
    except UncuttableError as error:
        return (), str(error)
