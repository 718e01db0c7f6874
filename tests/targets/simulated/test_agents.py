"""Agents that hang, are late, and have wrong clocks."""

import pytest

from targets.simulated.agenda import SECOND
from targets.simulated.agents import Agents, Told, Turned
from targets.simulated.design import Design
from targets.simulated.devices import SHOWN
from targets.simulated.fabric import Fabric
from targets.simulated.verbs import do
from targets.tree import patched


@pytest.fixture
def fabric() -> Fabric:
    return Fabric.build(Design(), 1)


@pytest.fixture
def agents(fabric: Fabric) -> Agents:
    return Agents(fabric)


def acts(fabric: Fabric, agents: Agents, until_s: float, device: str) -> list[Told | Turned]:
    news = fabric.advance(round(until_s * SECOND))
    return [act for one in news for act in agents.take(one) if act.device == device]


@pytest.mark.parametrize(("off", "on"), [("telemetry-down", "telemetry-up"), ("leaf-down", "leaf-up")])
def test_what_changed_meanwhile_comes_as_one_difference_per_family(
    fabric: Fabric, agents: Agents, off: str, on: str
) -> None:
    leaf = fabric.devices["leaf-2"]
    before = fabric.trees(leaf)
    do(fabric, off, ["leaf-2"], 0)
    do(fabric, "link-down", ["leaf-1", "eth1"], 0)
    for second in range(1, 5):
        do(fabric, "mac-move", ["h1", f"leaf-{second % 2 * 2 + 1}"], second * SECOND)
        said = acts(fabric, agents, second + 0.9, "leaf-2")
        assert not any(isinstance(one, Told) for one in said)
    do(fabric, on, ["leaf-2"], 5 * SECOND)
    said = acts(fabric, agents, 20, "leaf-2")
    turns = [one.telemetry for one in said if isinstance(one, Turned)]
    told = [one for one in said if isinstance(one, Told)]
    assert turns == ["talking"]
    at_once = [one.family for one in told if one.time_ns == 5 * SECOND]
    assert sorted(at_once) == sorted(set(at_once))
    shown = {family: dict(tree) for family, tree in before.items()}
    for one in told:
        shown[one.family] = patched(shown[one.family], one.delta)
    assert shown == {family: dict(fabric.tree(leaf, family)) for family in SHOWN}


def test_a_slow_agent_tells_later_and_in_order_what_it_stamped_in_time(
    fabric: Fabric, agents: Agents
) -> None:
    do(fabric, "telemetry-slow", ["leaf-1", "2"], 0)
    do(fabric, "link-down", ["leaf-1", "eth1"], SECOND)
    first = acts(fabric, agents, 1, "leaf-1")
    do(fabric, "telemetry-slow", ["leaf-1", "0"], SECOND + 1)
    do(fabric, "link-up", ["leaf-1", "eth1"], SECOND + 2)
    later = acts(fabric, agents, 1.1, "leaf-1")
    told = [one for one in [*first, *later] if isinstance(one, Told)]
    assert told[0].time_ns - told[0].stamp_ns == 2 * SECOND
    assert [one.time_ns for one in told] == sorted(one.time_ns for one in told)
    assert told[-1].time_ns >= 3 * SECOND  # what was late is not overtaken


def test_a_skewed_clock_stamps_and_tells_at_the_right_time(fabric: Fabric, agents: Agents) -> None:
    do(fabric, "clock-skew", ["leaf-1", "-30"], 0)
    do(fabric, "link-down", ["leaf-1", "eth1"], 100 * SECOND)
    told = [one for one in acts(fabric, agents, 100, "leaf-1") if isinstance(one, Told)]
    assert {(one.time_ns, one.stamp_ns) for one in told if one.family == "link"} == {
        (100 * SECOND, 70 * SECOND)
    }
    changed = [value for path, value in told[0].delta.updates.items() if path.endswith("/last-change")]
    assert changed == [70 * SECOND]
