"""A collector put together: signals, Kafka, the inventory file, the listener and the supervisor."""

import asyncio
import random
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from collectors.budget import Budget
from collectors.errors import FabricscopeError
from collectors.inventory_file import read_inventory
from collectors.kafka_access import KafkaAccess
from collectors.life import Collector
from collectors.listener import listen
from collectors.publisher import Publisher
from collectors.reload import Reload
from collectors.session import SessionIds
from collectors.status import Status
from collectors.supervisor import Plan, Supervisor
from collectors.topics import prepare_topics

log = structlog.get_logger(__name__)


def collect(
    inventory: Path,
    access: KafkaAccess,
    *,
    name: str,
    version: str,
    create_topics: bool,
    metrics_listen: str | None,
) -> None:
    """Run a collector until SIGTERM or SIGINT; SIGHUP reads the inventory again.

    Raises InputError for an inventory, topics or an address that can't be used, FabricscopeError when Kafka
    can't be reached at the start or did not take all at the end.
    """

    def plan() -> Plan:
        wanted = read_inventory(inventory)
        return Plan(wanted, prepare_topics(access, wanted.fabrics, create=create_topics))

    def publisher(fabric: str, released: Callable[[int], None]) -> Publisher:
        return Publisher(access, fabric, released)

    async def run() -> None:
        reload = Reload(inventory, plan)
        shared = Collector(
            version=version, budget=Budget(), chance=random.SystemRandom().random, ids=SessionIds(name)
        )
        supervisor = Supervisor(name, shared, publisher)
        _on_signals(reload)
        with ExitStack() as stack:
            if metrics_listen is not None:
                status = Status(name, supervisor, lambda: reload.failed)
                stack.callback(listen(metrics_listen, status.pages()))
            log.info("collecting", collector=name, inventory=str(inventory), kafka=access.servers)
            await supervisor.run(reload.plans())
        log.info("stopped", collector=name)

    try:
        asyncio.run(run())
    except* FabricscopeError as failed:
        raise failed.exceptions[0] from None


def _on_signals(reload: Reload) -> None:
    """SIGTERM and SIGINT end the collector, a second one at once; SIGHUP reads the inventory again."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        reload.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGHUP, reload.ask)
