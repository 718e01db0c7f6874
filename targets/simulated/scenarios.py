"""What is done to a fabric and when: scenarios as data, made from the plan and the seed."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.errors import InputError
from targets.simulated.design import Plan


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    at_s: float
    """Seconds since the scenario began."""
    verb: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done, and how long it takes."""

    name: str
    meaning: str
    seconds: float
    steps: Callable[[Plan, random.Random], tuple[Step, ...]]
    """In the order of time."""
    leaves: int = 2
    spines: int = 1
    """Smallest fabric it makes sense for."""


STORY_S: Final = 75.0
LOAD: Final = "load"
_OUTAGE_S: Final = 240.0
_LOOP_S: Final = 60.0
_CHATTER_S: Final = 3.0
_TAIL_S: Final = 5.0
"""Before the end of a scenario hosts move no more."""


def _story(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    """One of each fault, one after the other or side by side where they have nothing to do with each other.

    The spine fails when all others are well again.
    """
    traveller, twin, *others = _movable(plan, draw)
    first, second, third, fourth = (leaf.name for leaf in plan.leaves[:4])
    segment = next(it for it in plan.segments if it.leaves == (0, 1))
    spine = plan.spines[-1].name
    steps = [
        Step(4.0, "vmotion", (traveller, _elsewhere(plan, traveller, first, second))),
        Step(6.0, "duplicate", (twin, _elsewhere(plan, twin, second, fourth))),
        Step(10.0, "es-link-down", (first, segment.name)),
        Step(12.0, "telemetry-down", (third,)),
        Step(20.0, "link-down", (first, plan.links[0].leaf_port)),
        Step(26.0, "es-link-up", (first, segment.name)),
        Step(30.0, "link-up", (first, plan.links[0].leaf_port)),
        Step(34.0, "telemetry-up", (third,)),
        Step(40.0, "linecards-down", (spine,)),
        Step(46.0, "duplicate-clear", (twin, _home(plan, twin))),
        Step(56.0, "linecards-up", (spine,)),
    ]
    return _ordered([*steps, *_chatter(plan, draw, others, STORY_S - _TAIL_S)])


def _outage(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    """Whole devices fail: a leaf loses its power, a spine reboots, a leaf loses both uplinks, BGP stops."""
    first, second = (leaf.name for leaf in plan.leaves[:2])
    last = plan.leaves[-1].name
    spine, other = plan.spines[0].name, plan.spines[-1].name
    ports = [link.leaf_port for link in plan.links if link.leaf == 1]
    steps = [
        Step(5.0, "leaf-down", (first,)),
        Step(45.0, "leaf-up", (first,)),
        Step(70.0, "reboot", (spine, "30")),
        *(Step(125.0, "link-down", (second, port)) for port in ports),
        *(Step(150.0, "link-up", (second, port)) for port in ports),
        Step(170.0, "rr-down", (other,)),
        Step(185.0, "rr-up", (other,)),
        Step(200.0, "session-down", (last, spine)),
        Step(212.0, "session-up", (last, spine)),
    ]
    return _ordered([*steps, *_chatter(plan, draw, _movable(plan, draw), _OUTAGE_S - _TAIL_S)])


def _loop(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    """A loop between two leaves, until somebody opens it, on top of the usual chatter elsewhere."""
    one, other = plan.leaves[0].name, plan.leaves[-1].name
    middle = [host for host in _movable(plan, draw) if _home(plan, host) not in (one, other)]
    chatter = [step for step in _chatter(plan, draw, middle, _LOOP_S - _TAIL_S) if step.verb != "mac-move"]
    return _ordered([Step(5.0, "loop", (one, other)), Step(30.0, "loop-clear", (one, other)), *chatter])


def _clocks(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    """Clocks and agents that are off, none of which is an incident, and a leg lost meanwhile."""
    first, second = (leaf.name for leaf in plan.leaves[:2])
    spine = plan.spines[0].name
    steps = [
        Step(2.0, "clock-skew", (second, "3")),
        Step(3.0, "telemetry-slow", (spine, "2.5")),
        Step(20.0, "es-link-down", (first, plan.segments[0].name)),
        Step(40.0, "es-link-up", (first, plan.segments[0].name)),
        Step(55.0, "telemetry-slow", (spine, "0")),
    ]
    return _ordered([*steps, *_chatter(plan, draw, _movable(plan, draw), STORY_S - _TAIL_S)])


def _idle(_plan: Plan, _draw: random.Random) -> tuple[Step, ...]:
    return ()


def _calm(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    return _ordered(_chatter(plan, draw, _movable(plan, draw), STORY_S - _TAIL_S))


SCENARIOS: Final[Mapping[str, Scenario]] = {
    it.name: it
    for it in (
        Scenario("story", "one of each fault in 75 s, and recovery", STORY_S, _story, leaves=4, spines=2),
        Scenario(
            "outage", "devices fail as a whole, one after the other", _OUTAGE_S, _outage, leaves=4, spines=2
        ),
        Scenario("loop", "a loop between two leaves", _LOOP_S, _loop, leaves=3),
        Scenario("clocks", "clocks are off and an agent is slow", STORY_S, _clocks),
        Scenario("idle", "nothing: for verbs typed by hand", 0.0, _idle),
        Scenario("calm", "75 s in which hosts come, go and move, and nothing is wrong", STORY_S, _calm),
    )
}


def load(rate: float, seconds: float) -> Scenario:
    """Return a scenario in which all devices together say so many updates a second."""

    def steps(_plan: Plan, _draw: random.Random) -> tuple[Step, ...]:
        return (Step(0.0, "load", (str(rate), str(seconds))),)

    return Scenario(LOAD, "so many updates a second, and nothing is wrong", seconds, steps)


def named(name: str, rate: float, seconds: float) -> Scenario:
    """Return a scenario; rate and seconds are those of a load. Raises InputError for a name that is none."""
    if name == LOAD:
        return load(rate, seconds)
    if name not in SCENARIOS:
        raise InputError(f"there is no scenario {name!r}: use one of {', '.join((*SCENARIOS, LOAD))}")
    return SCENARIOS[name]


def steps_of(scenario: Scenario, plan: Plan, seed: int) -> tuple[Step, ...]:
    """Return the steps of a scenario in a fabric; raises InputError for a fabric too small."""
    if len(plan.leaves) < scenario.leaves or len(plan.spines) < scenario.spines:
        raise InputError(
            f"scenario {scenario.name} takes {scenario.spines} spines and {scenario.leaves} leaves at least"
        )
    if len(_movable(plan, random.Random(0))) < _LEAST_HOSTS:  # noqa: S311  only counts
        raise InputError(f"scenario {scenario.name} takes {_LEAST_HOSTS} hosts at least")
    return scenario.steps(plan, random.Random(f"{scenario.name} {seed}"))  # noqa: S311  the same each time


_LEAST_HOSTS: Final = 8


def _movable(plan: Plan, draw: random.Random) -> list[str]:
    hosts = [host.name for host in plan.hosts if host.segment is None]
    draw.shuffle(hosts)
    return hosts


def _home(plan: Plan, name: str) -> str:
    leaf = next(host.leaf for host in plan.hosts if host.name == name)
    assert leaf is not None, "movable hosts have one link"
    return plan.leaves[leaf].name


def _elsewhere(plan: Plan, name: str, *wanted: str) -> str:
    """Return the first of the wanted leaves that a host is not attached to."""
    home = _home(plan, name)
    return next(leaf for leaf in wanted if leaf != home)


def _chatter(plan: Plan, draw: random.Random, hosts: list[str], until_s: float) -> Iterator[Step]:
    """Yield what goes on in any fabric: hosts renew addresses, and move once, or go away and come back."""
    yield Step(0.0, "chatter", (str(until_s + _TAIL_S),))
    at = 1.0
    for host in hosts:
        at += draw.uniform(0.5, 2 * _CHATTER_S)
        if at + _CHATTER_S > until_s:
            return
        home = _home(plan, host)
        if draw.random() < 0.5:
            to = draw.choice([leaf.name for leaf in plan.leaves if leaf.name != home])
            yield Step(at, "mac-move", (host, to))
        else:
            yield Step(at, "host-detach", (host,))
            yield Step(at + draw.uniform(1.0, _CHATTER_S), "host-attach", (host, home))


def _ordered(steps: list[Step] | Iterator[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: step.at_s))
