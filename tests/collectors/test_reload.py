"""The inventory file as it changes while a collector runs."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import FabricscopeError, InputError
from collectors.inventory import Inventory
from collectors.inventory_file import read_inventory
from collectors.reload import Reload
from collectors.supervisor import LONGEST_RENEWAL, Plan

IN_TIME_S = 10.0
TARGET = "targets:\n  {name}:\n    address: 192.0.2.1\n    profile: openconfig\n    fabric: dc1\n"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.reload.POLL_S", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "inventory.yaml"
    write(made, "leaf1")
    return made


def write(path: Path, name: str) -> None:
    """Replace a file as operators should: by a whole one."""
    new = path.with_suffix(".new")
    new.write_text(TARGET.format(name=name))
    new.replace(path)


def spoil(path: Path) -> None:
    path.write_text("targets: 7\n")


def plan_of(path: Path) -> Plan:
    inventory = read_inventory(path)
    return Plan(inventory, dict.fromkeys(inventory.fabrics))


def run(
    path: Path, load: Callable[[], Plan], test: Callable[[Reload, Any], Coroutine[Any, Any, None]]
) -> None:
    """Run a test with a reload and its plans."""

    async def go() -> None:
        reload = Reload(path, load)
        async with asyncio.timeout(IN_TIME_S):
            await test(reload, reload.plans())

    asyncio.run(go())


async def names(plans: Any) -> list[str]:
    return list((await anext(plans)).inventory.targets)


def test_a_replaced_file_is_a_new_plan_and_one_that_did_not_change_is_none(path: Path) -> None:
    reads: list[int] = []

    def load() -> Plan:
        reads.append(1)
        return plan_of(path)

    async def test(reload: Reload, plans: Any) -> None:
        assert await names(plans) == ["leaf1"]
        coming = asyncio.create_task(names(plans))
        await asyncio.wait([coming], timeout=0.1)  # ten looks at the file
        write(path, "leaf2")
        assert await coming == ["leaf2"]
        assert len(reads) == 2
        reload.stop()
        assert await anext(plans, None) is None

    run(path, load, test)


def test_a_file_with_mistakes_leaves_the_last_plan_and_says_why(path: Path) -> None:
    async def test(reload: Reload, plans: Any) -> None:
        assert await names(plans) == ["leaf1"]
        spoil(path)
        coming = asyncio.create_task(names(plans))
        while not reload.failed:  # noqa: ASYNC110  # what it sets is for people and has no event
            await asyncio.sleep(0.005)
        assert "targets" in reload.failed
        write(path, "leaf3")
        assert await coming == ["leaf3"]
        assert reload.failed == ""

    run(path, lambda: plan_of(path), test)


def test_a_file_with_mistakes_at_the_start_is_an_error(path: Path) -> None:
    spoil(path)

    async def test(_reload: Reload, plans: Any) -> None:
        await names(plans)

    with pytest.raises(InputError, match=r"inventory\.yaml:1"):
        run(path, lambda: plan_of(path), test)


def test_a_reload_that_kafka_failed_is_tried_again_without_a_change_of_the_file(path: Path) -> None:
    answers = iter([None, FabricscopeError("Kafka is away"), FabricscopeError("Kafka is away"), None])

    def load() -> Plan:
        if (error := next(answers)) is not None:
            raise error
        return plan_of(path)

    async def test(_reload: Reload, plans: Any) -> None:
        assert await names(plans) == ["leaf1"]
        write(path, "leaf2")
        assert await names(plans) == ["leaf2"]

    run(path, load, test)


def test_what_the_file_waits_for_is_looked_for_again_without_a_change_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.reload.RETRY_S", 0.1)
    loads: list[float] = []
    topics = {"leaf1"}

    def load() -> Plan:
        loads.append(time.monotonic())
        plan = plan_of(path)
        if len(loads) == 3:  # an operator does as the error says
            topics.add("leaf2")
        if missing := set(plan.inventory.targets) - topics:
            raise InputError(f"Kafka has no topic for {missing}: make it")
        return plan

    async def test(reload: Reload, plans: Any) -> None:
        assert await names(plans) == ["leaf1"]
        write(path, "leaf2")
        assert await names(plans) == ["leaf2"]
        assert reload.failed == ""
        assert len(loads) == 3
        assert loads[2] - loads[1] > 0.05  # and not at each look at the file

    run(path, load, test)


def test_asking_reads_the_file_again_although_it_looks_the_same(path: Path) -> None:
    async def test(reload: Reload, plans: Any) -> None:
        await names(plans)
        reload.ask()
        assert await names(plans) == ["leaf1"]

    run(path, lambda: plan_of(path), test)


def test_renewals_fit_into_the_retention_four_times_and_come_each_day_at_the_latest() -> None:

    kept = {"short": timedelta(hours=4), "long": timedelta(days=30), "for ever": None}
    plan = Plan(Inventory(targets={}), kept)
    assert plan.renewal_s("short") == timedelta(hours=1).total_seconds()
    assert plan.renewal_s("long") == plan.renewal_s("for ever") == LONGEST_RENEWAL.total_seconds()
