"""Each threshold is held by a scenario: shifted by one, that scenario turns red."""

from pathlib import Path

import orjson
import pytest

from pipeline.detect import PARAMETERS, RULES
from pipeline.detectors.settings import TIMERS, Settings
from scenarios.library import library
from scenarios.playing import score
from scenarios.quality import summary, worse
from scenarios.reading import read_scenario

MUTATIONS = [
    ("DUP_UNREPORTED", "seconds", -1, "duplicate-unreported"),
    ("I1", "seconds", +1, "duplicate-ip"),
    ("I2", "changes", -1, "silent-ip-moves"),
    ("I2", "changes", +1, "ip-flap"),
    ("L1", "transitions", -1, "silent-link-blip"),
    ("L2", "wait_s", -1, "lag-member-lost"),
    ("L4", "failures", -1, "silent-bfd-blips"),
    ("L5", "wait_s", -1, "ibgp-link"),
    ("M2", "moves", -1, "moves-at-the-limit"),
    ("M2", "moves", +1, "moves-at-the-limit"),
    ("M2", "window_s", +1, "silent-moves-below-the-limit"),
    ("M3", "moves", -1, "mac-flap"),
    ("M3", "moves", +1, "mac-flap"),
    ("M5", "moves", -1, "migrations-frozen-by-a-leaf"),
    ("M6", "macs", +1, "loop-of-many-hosts"),
    ("M8", "held_s", -1, "sequence-tie"),
    ("M9", "held_s", -1, "stale-route"),
    ("M10", "held_s", -1, "stuck-high-number"),
    ("M15", "frozen_s", -1, "frozen-too-long"),
    ("R2", "wait_s", -1, "dual-df"),
    ("R3", "wait_s", -1, "no-df"),
    ("R4", "wait_s", -1, "leg-lost-and-mended"),
    ("R5", "wait_s", -1, "segment-down"),
    ("R6", "wait_s", -1, "df-algorithms-differ"),
    ("R7", "wait_s", -1, "discovery-without-segment-route"),
    ("R8", "wait_s", -1, "aliasing-lost"),
    ("R10", "wait_s", -1, "segment-route-without-discovery"),
    ("R15", "wait_s", -1, "leaf-cut-off"),
    ("R16", "wait_s", -1, "ebgp-link"),
    ("R19", "seconds", -1, "vni-survives-on-one-leaf"),
    ("V1", "wait_s", -1, "leaf-cut-off-ipv6"),
    ("V2", "wait_s", -1, "outage-vendor-upgrade"),
    ("V4", "wait_s", -1, "route-targets-apart"),
    ("V10", "wait_s", -1, "ebgp-ebgp-leaf"),
    ("V11", "wait_s", -1, "outage-facebook-2021"),
    ("V16", "empty_s", -1, "evpn-without-routes"),
    ("V17", "resets", -1, "silent-two-resets"),
    ("V17", "resets", +1, "session-flaps"),
    ("X3", "seconds", -1, "tables-disagree"),
]
"""Rule, threshold, by how much it is shifted, and the scenario that has to notice."""
AT_ONCE = ("I5", "L3", "L6", "M7", "M11", "M12", "M13", "R9", "R11", "V3", "V5", "X1", "X4")
"""Rules without a threshold to shift: they speak at once, or their time is no parameter."""
PATHS = {path.stem: path for path in library()}
BASELINE = orjson.loads(
    (Path(__file__).parent.parent.parent / "docs" / "detection-quality.json").read_bytes()
)


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "name", "by", "scenario"), MUTATIONS)
def test_a_threshold_off_by_one_turns_its_scenario_red(rule: str, name: str, by: int, scenario: str) -> None:
    defaults = {it.key: it.default for it in PARAMETERS}
    wait = RULES[rule].wait.total_seconds()
    value = wait if name in TIMERS else defaults[rule, name]
    played = read_scenario(PATHS[scenario])
    as_is = summary([score(played)])
    mutated = score(played, Settings(fabric={(rule, name): value + by}))
    assert list(worse([mutated], as_is)) != []


def test_every_rule_that_is_found_has_a_mutation_or_speaks_at_once() -> None:
    found = {rule for rule, figures in BASELINE["rules"].items() if figures["found"]}
    assert found <= {rule for rule, *_ in MUTATIONS} | set(AT_ONCE)
