"""Scenarios through the pipeline: what was done is found in time, and nothing else."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from targets.simulated.agenda import SECOND
from targets.simulated.design import Design, Plan, Routing
from targets.simulated.fabric import Fabric
from targets.simulated.scenarios import SCENARIOS, Scenario, Step, load
from targets.simulated.verbs import do
from tests.targets.simulated.judged import Played, expectations, played

DESIGNS = {
    "ebgp": (Design(), 7),
    "ebgp, another seed": (Design(), 1),
    "ibgp": (Design(routing="ibgp"), 7),
    "ebgp, ipv6": (Design(underlay=6), 2),
    "ibgp, ipv6, larger": (Design(spines=3, leaves=6, routing="ibgp", underlay=6, hosts=60), 3),
}


@pytest.fixture(params=DESIGNS, scope="module")
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    design, seed = DESIGNS[request.param]
    return played(SCENARIOS["story"], design, seed, tmp_path_factory.mktemp("story"))


def test_what_the_story_does_is_found_in_time_and_nothing_else(story: Played) -> None:
    assert story.deviations() == []


def test_the_story_shows_each_kind_of_incident(story: Played) -> None:
    rules = [it.told[-1][0] for it in expectations(story.lines)]
    ports = {rule for rule in rules if rule.startswith("L")}
    assert sorted(rule for rule in rules if rule not in ports) == ["M13", "M2", "R16", "R16", "R4", "X1"]
    assert ports in ({"L2"}, {"L2", "L5"})  # there is an IGP in the IBGP design


def test_all_moves_of_the_story_are_seen(story: Played) -> None:
    made: dict[str, int] = {}
    for line in story.lines:
        if line["action"] == "mac-move":
            made[line["mac"]] = made.get(line["mac"], 0) + 1
    twin = next(line["mac"] for line in story.lines if line["action"] == "duplicate")
    assert {mac: count for mac, count in story.moves.items() if mac != twin} == made
    assert 6 in made.values()  # the migrated machine


def test_only_the_duplicate_is_open_at_the_end(story: Played) -> None:
    assert story.open == ["M2"]


def test_every_record_is_understood(story: Played) -> None:
    assert (story.dead_letters, story.oddities) == (0, [])


@pytest.mark.parametrize("routing", ["ebgp", "ibgp"])
@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("outage", ["R15", "R15", "R16", "R16", "R16", "R4", "R4", "R4", "R4", "V1", "V1", "X1", "X1"]),
        ("loop", ["M13"] * 10),
        ("clocks", ["R4"]),
    ],
)
def test_what_other_scenarios_do_is_found_and_over_at_the_end(
    name: str, rules: list[str], routing: Routing, tmp_path: Path
) -> None:
    found = played(SCENARIOS[name], Design(routing=routing), 4, tmp_path)
    loop = ["M6"] if name == "loop" else []
    assert found.deviations(counting=loop) == []
    told = sorted(it.told[-1][0] for it in expectations(found.lines))
    # adjacencies of the IGP are lost with their links, and ports that fail twice flap
    assert [rule for rule in told if rule not in ("L1", "L2", "L5")] == rules
    still = [rule for rule in found.open if rule != "L1"]  # which waits for two minutes of quiet
    # and a loop for three
    assert (still, found.dead_letters, found.oddities) == (loop, 0, [])


def test_load_does_no_harm(tmp_path: Path) -> None:
    found = played(load(2_000, 20), Design(), 1, tmp_path)
    assert (found.incidents, found.dead_letters, found.oddities) == ([], 0, [])


@pytest.mark.parametrize(("rate", "leaves"), [(500, 2), (5_000, 8)])
def test_load_comes_at_its_rate(rate: int, leaves: int) -> None:
    fabric = Fabric.build(Design(leaves=leaves, hosts=400), 1)
    do(fabric, "load", [str(rate), "20"], 0)
    for _ in fabric.advance(30 * SECOND):
        pass
    assert fabric.agenda.told / 20 == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("design", [Design(), Design(spines=1, leaves=2, hosts=12, routing="ibgp")])
def test_a_calm_fabric_has_no_incident(design: Design, tmp_path: Path) -> None:
    calm = played(SCENARIOS["calm"], design, 5, tmp_path)
    assert calm.incidents == []
    assert expectations(calm.lines) == []
    assert calm.moves


def test_the_same_seed_writes_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    files = []
    for number in ("1", "2"):
        capture = tmp_path / number
        simulate = [sys.executable, "-m", "fabricscope", "simulate", "--scenario", "loop"]
        subprocess.run(
            [*simulate, "--capture", str(capture)],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": number},
        )
        files.append((capture.read_bytes(), capture.with_name(f"{number}.truth.jsonl").read_bytes()))
    assert files[0] == files[1]


def restless(plan: Plan, draw: random.Random) -> tuple[Step, ...]:
    """Each host moves about in bursts and pauses of its own."""
    steps = []
    for host in plan.hosts:
        if host.segment is not None:
            continue
        at, here = draw.uniform(0, 60), plan.leaves[host.leaf or 0].name
        while at < 400:
            here = draw.choice([leaf.name for leaf in plan.leaves if leaf.name != here])
            steps.append(Step(round(at, 3), "mac-move", (host.name, here)))
            at += draw.choice([0.7, 1.1, 2.5, 9.5, 29.5, 31.0, 45.0, 70.0])
    return tuple(sorted(steps, key=lambda step: step.at_s))


@pytest.mark.slow
def test_flaps_and_duplicates_are_told_at_the_move_that_makes_them(tmp_path: Path) -> None:
    scenario = Scenario("restless", "hosts move about", 420.0, restless)
    found = played(scenario, Design(leaves=8, hosts=60), 1, tmp_path)
    # so many at once are a storm, and in one VNI look like a loop
    assert found.deviations(counting=["X4", "M6"]) == []
    rules = {rule for it in expectations(found.lines) for rule, *_ in it.told}
    assert rules >= {"M2", "M3", "M13"}


def blinking(plan: Plan, _draw: random.Random) -> tuple[Step, ...]:
    """A link and a leg are gone for just less than rules wait, and then for just longer."""
    esi, port = plan.segments[0].name, plan.links[0].leaf_port
    return (
        Step(0.0, "chatter", ("50",)),
        Step(5.0, "link-down", ("leaf-1", port)),
        Step(6.0, "es-link-down", ("leaf-2", esi)),
        Step(9.9, "link-up", ("leaf-1", port)),
        Step(10.9, "es-link-up", ("leaf-2", esi)),
        Step(20.0, "link-down", ("leaf-1", port)),
        Step(21.0, "es-link-down", ("leaf-2", esi)),
        Step(25.1, "link-up", ("leaf-1", port)),
        Step(26.1, "es-link-up", ("leaf-2", esi)),
    )


def test_what_is_over_sooner_than_a_rule_waits_is_not_expected_and_not_told(tmp_path: Path) -> None:
    scenario = Scenario("blinking", "blips", 50.0, blinking)
    found = played(scenario, Design(routing="ibgp"), 1, tmp_path)
    assert found.deviations() == []
    told = [it.told[0][0] for it in expectations(found.lines)]
    assert [rule for rule in told if not rule.startswith("L")] == ["R16", "R4"]
