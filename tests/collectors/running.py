"""A collector in the test's own process: real sessions with real targets, and topics to look into."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, cast

import orjson

from collectors.budget import LIMIT_BYTES, Budget
from collectors.inventory import Inventory, Target
from collectors.life import Collector
from collectors.profiles import Profile, profile
from collectors.publisher import Outgoing, Publisher
from collectors.records import Kind, Record, decode_record
from collectors.session import SessionIds
from collectors.states import FamilyStatus, State
from collectors.supervisor import Plan, Supervisor

IN_TIME_S: Final = 30.0
"""What is awaited comes sooner, or never."""
BEAT: Final = timedelta(milliseconds=100)
OPENCONFIG: Final = profile("openconfig")


def quick_profile(_name: str = "") -> Profile:
    """Return the openconfig profile with two families and a quick liveness sample."""
    link, segments = (
        next(one for one in OPENCONFIG.subscriptions if one.family == family) for family in ("link", "es")
    )
    return replace(
        OPENCONFIG,
        subscriptions=(
            replace(link, paths=("/interfaces/interface/state/oper-status",)),
            segments,
            replace(OPENCONFIG.liveness, interval=BEAT),
        ),
    )


@dataclass
class Topic:
    """What stands in for the publisher of a fabric: confirms at once, or not at all while Kafka is away."""

    fabric: str
    released: Callable[[int], None]
    records: list[Outgoing] = field(default_factory=list)
    away: bool = False
    held: int = 0
    alive: bool = True
    trouble: str = ""
    waiting: int = 0

    def start(self) -> None:
        """Need no thread."""

    def put(self, record: Outgoing) -> None:
        self.records.append(record)
        if self.away:
            self.held += record.size
        else:
            self.released(record.size)

    def come_back(self) -> None:
        self.away = False
        self.released(self.held)
        self.held = 0

    def oldest_ms(self) -> int | None:
        return None

    def end_at(self, until_s: float) -> None:
        """Need no end."""

    def join(self, _until_s: float) -> int:
        return 0

    def of(self, family: str, target: str = "leaf1") -> list[Record]:
        """Return the records of a family, in the order of the topic."""
        found = [decode_record(record.value) for record in self.records if record.key == target.encode()]
        return [one for one in found if one.family == family]

    def ticks(self) -> list[Outgoing]:
        return [one for one in self.records if decode_record(one.value).kind is Kind.TICK]

    def sessions(self, family: str, target: str = "leaf1") -> list[list[Record]]:
        """Return the records of each session of a family, in the order in which they began."""
        sessions: dict[str, list[Record]] = {}
        for record in self.of(family, target):
            sessions.setdefault(record.session, []).append(record)
        return list(sessions.values())

    def reasons(self, family: str, target: str = "leaf1") -> list[str]:
        """Return why the sessions of a family ended."""
        return [
            str(orjson.loads(one.json)["reason"]) for one in self.of(family, target) if one.kind is Kind.END
        ]


@dataclass
class Running:
    """A collector at work."""

    supervisor: Supervisor
    plans: "asyncio.Queue[Plan | None]"
    task: "asyncio.Task[None]"
    topics: dict[str, Topic]

    def status(self, family: str, target: str = "leaf1") -> FamilyStatus:
        return self.supervisor.connections[target].families[family].status

    def state(self, family: str, target: str = "leaf1") -> State:
        return self.status(family, target).state

    def all_are(self, *states: State) -> bool:
        found = [one.state for one in self.supervisor.statuses]
        return bool(found) and all(state in states for state in found)

    @property
    def topic(self) -> Topic:
        return self.topics["dc1"]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the collector does; its failure is the test's."""
        async with asyncio.timeout(IN_TIME_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                    raise AssertionError("the collector stopped")
                await asyncio.sleep(0.005)

    async def follow(self, *wanted: Target) -> None:
        """Give the collector another inventory."""
        await self.plans.put(plan(*wanted))

    async def stop(self) -> None:
        await self.plans.put(None)
        await self.task


def plan(*wanted: Target, retention: timedelta | None = None) -> Plan:
    """Return the plan of an inventory with these targets."""
    inventory = Inventory(targets={one.name: one for one in wanted})
    return Plan(inventory, dict.fromkeys(inventory.fabrics, retention))


@asynccontextmanager
async def collecting(
    *wanted: Target,
    name: str = "collector-1",
    limit_bytes: int = LIMIT_BYTES,
    retention: timedelta | None = None,
) -> AsyncIterator[Running]:
    """Run a collector with these targets, and stop it cleanly."""
    plans: asyncio.Queue[Plan | None] = asyncio.Queue()
    await plans.put(plan(*wanted, retention=retention))
    topics: dict[str, Topic] = {}

    async def coming() -> AsyncIterator[Plan]:
        while (one := await plans.get()) is not None:
            yield one

    def publisher(fabric: str, released: Callable[[int], None]) -> Publisher:
        topics[fabric] = Topic(fabric, released)
        return cast("Publisher", topics[fabric])

    shared = Collector(version="1", budget=Budget(limit_bytes), chance=lambda: 0.5, ids=SessionIds(name))
    supervisor = Supervisor(name, shared, publisher)
    running = Running(supervisor, plans, asyncio.create_task(supervisor.run(coming())), topics)
    try:
        await running.until(lambda: len(supervisor.connections) == len(wanted))
        yield running
        if not running.task.done():
            await running.stop()
    finally:
        running.task.cancel()
        await asyncio.wait([running.task])
