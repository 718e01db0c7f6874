"""All targets of a process: connections started, replaced and ended as the inventory says; ticks; the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from collectors.budget import Budget
from collectors.connection import Connection
from collectors.errors import FabricscopeError
from collectors.inventory import Inventory, Target
from collectors.life import Collector
from collectors.profiles import profile
from collectors.publisher import Outgoing, Publisher, stop_all
from collectors.records import RETIRED, Kind, Record, encode_record
from collectors.states import FamilyStatus

TICK_S: Final = 1.0
SPREAD_S: Final = 0.02
"""Between the first dials of two targets: a thousand TLS handshakes at once would delay all."""
RENEWALS_PER_RETENTION: Final = 4
LONGEST_RENEWAL: Final = timedelta(days=1)
"""Where a topic keeps records for long or for ever: a replica that starts anew reads a day for its dumps."""
BEHIND_MS: Final = 5_000
STOPPED: Final = "collector stopped"
CHANGED: Final = "its entry in the inventory changed"
STOP_S: Final = 10.0
"""How long the last records may take to be confirmed."""

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be collected, and how long the topic of each fabric keeps records (None: for ever)."""

    inventory: Inventory
    retention: Mapping[str, timedelta | None]

    def renewal_s(self, fabric: str) -> float:
        """Return the longest that an RPC may live, so that every object's dump is in the topic."""
        kept = self.retention[fabric]
        longest = LONGEST_RENEWAL if kept is None else min(kept / RENEWALS_PER_RETENTION, LONGEST_RENEWAL)
        return longest.total_seconds()


class Supervisor:
    """The connections of a process, and its ways into Kafka.

    ``publish`` makes the publisher of a fabric, given what is to be told of bytes confirmed.
    """

    def __init__(
        self, name: str, collector: Collector, publish: Callable[[str, Callable[[int], None]], Publisher]
    ) -> None:
        self.publishers: dict[str, Publisher] = {}
        self.connections: dict[str, Connection] = {}
        self.collector = collector
        self._name = name
        self._publish = publish
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._behind: set[str] = set()

    @property
    def statuses(self) -> list[FamilyStatus]:
        """The status of all families of all targets; may be asked from another thread."""
        return [
            family.status
            for connection in list(self.connections.values())
            for family in connection.families.values()
        ]

    @property
    def budget(self) -> Budget:
        """The memory for records on their way."""
        return self.collector.budget

    async def run(self, plans: AsyncIterator[Plan]) -> None:
        """Follow the plans until there are no more, then end all sessions and wait for Kafka.

        Raises FabricscopeError when records are left that Kafka did not confirm in time.
        """
        try:
            async with asyncio.TaskGroup() as group:
                ticks = group.create_task(self._tick())
                async for plan in plans:
                    await self._follow(plan, group)
                await self._end(list(self.connections), STOPPED)
                ticks.cancel()
        finally:
            left = await asyncio.to_thread(stop_all, list(self.publishers.values()), STOP_S)
        if left:
            raise FabricscopeError(
                f"stopped with {left} records that Kafka did not confirm within {STOP_S:.0f} s: they"
                " are lost, and the sessions they belong to have no end in the topic"
            )

    async def _follow(self, plan: Plan, group: asyncio.TaskGroup) -> None:
        """Make the connections those of a plan; targets that did not change are not touched."""
        wanted, now = plan.inventory.targets, {name: kept.target for name, kept in self.connections.items()}
        gone = [name for name in now if name not in wanted]
        moved = [name for name in now if name in wanted and wanted[name].fabric != now[name].fabric]
        changed = [name for name in now if name in wanted and wanted[name] != now[name] and name not in moved]
        await self._end(gone + moved, RETIRED)
        await self._end(changed, CHANGED)
        new = [target for name, target in wanted.items() if now.get(name) != target]
        for place, target in enumerate(new):
            self._begin(target, plan, group, place * SPREAD_S)
        log.info(
            "inventory",
            targets=len(wanted),
            new=len(new) - len(moved + changed),
            removed=len(gone),
            changed=len(moved + changed),
        )

    def _begin(self, target: Target, plan: Plan, group: asyncio.TaskGroup, wait_s: float) -> None:
        publisher = self.publishers.get(target.fabric)
        if publisher is None:
            loop = asyncio.get_running_loop()
            publisher = self._publish(
                target.fabric, lambda size: _from_thread(loop, self.collector.budget.release, size)
            )
            publisher.start()
            self.publishers[target.fabric] = publisher
        connection = Connection(
            target,
            profile(target.profile),
            renewal_s=plan.renewal_s(target.fabric),
            collector=self.collector,
            put=self._put_into(publisher),
        )
        self.connections[target.name] = connection
        self._tasks[target.name] = group.create_task(connection.run(wait_s), name=target.name)

    async def _end(self, names: Collection[str], reason: str) -> None:
        """End the sessions of targets; the reason stands in their last records."""
        ending = [self._tasks.pop(name) for name in names]
        for name, task in zip(names, ending, strict=True):
            self.connections[name].end_with(reason)
            task.cancel()
        if ending:
            await asyncio.wait(ending)
        for name in names:
            connection = self.connections.pop(name)
            if reason == RETIRED:
                connection.retire()

    async def _tick(self) -> None:
        """Say each second in each fabric that time passes; look after publishers and rates."""
        while True:
            await asyncio.sleep(TICK_S)
            now_ns = self.collector.wall_ns()
            for fabric in {connection.target.fabric for connection in self.connections.values()}:
                if not self.collector.budget.exhausted:  # time says nothing while nobody reads
                    value = encode_record(Record(kind=Kind.TICK, recv_ns=now_ns))
                    self._put_into(self.publishers[fabric])(
                        Outgoing(self._name.encode(), value, now_ns // 1_000_000)
                    )
            for status in self.statuses:
                status.second_passed()
            for publisher in self.publishers.values():
                self._look_after(publisher, now_ns // 1_000_000)

    def _look_after(self, publisher: Publisher, now_ms: int) -> None:
        if not publisher.alive:
            raise RuntimeError(f"the publisher of {publisher.fabric} died: see the traceback before this one")
        oldest = publisher.oldest_ms()
        behind = oldest is not None and now_ms - oldest > BEHIND_MS
        if behind and publisher.fabric not in self._behind:
            self._behind.add(publisher.fabric)
            log.warning(
                "Kafka does not confirm",
                fabric=publisher.fabric,
                waiting=publisher.waiting,
                reason=publisher.trouble or "it does not answer",
            )
        elif not behind and publisher.fabric in self._behind:
            self._behind.remove(publisher.fabric)
            log.info("Kafka confirms again", fabric=publisher.fabric)

    def _put_into(self, publisher: Publisher) -> Callable[[Outgoing], None]:
        def put(record: Outgoing) -> None:
            self.collector.budget.take(record.size)
            publisher.put(record)

        return put


def _from_thread(loop: asyncio.AbstractEventLoop, action: Callable[[int], None], size: int) -> None:
    """Call ``action`` on the loop, if there is one still: the last records are confirmed after its end."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(action, size)
