"""What every rule does when those who could tell go blind: nothing is over, and nobody is said to see it."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

import pytest

from pipeline.detect import RULES
from tests.pipeline.detectors import (
    flooding_scene,
    ports,
    segments_scene,
    test_addresses,
    test_adjacencies,
    test_df_agreement,
    test_disagreements,
    test_es_collisions,
    test_es_routes,
    test_lacp_partners,
    test_lags,
    test_neighbors,
    test_resets,
    test_route_attributes,
    test_route_counts,
    test_sessions,
    test_stale_claims,
    test_sticky,
    test_survivors,
    test_underlay,
    test_uplinks,
    test_verdicts,
    test_vteps,
)
from tests.pipeline.detectors.segments_scene import EVEN, ODD, announces, claim, without_evi
from tests.pipeline.driver import play
from tests.pipeline.scene import VNI, Scene, address

EVENTS: Final = {rule.id for rule in RULES.values() if rule.momentary or rule.rank == 0}
"""What happened is over when it doesn't happen again: these rules have no verdict to lose."""
ELSEWHERE: Final = {"X1", "X4"}
"""About the sight itself: X1 is told of the blind, X4 of incidents."""


def next_hops() -> Scene:
    return test_route_attributes.told(
        test_route_attributes.fabric(), 1, 2, 2, next_hop=test_route_attributes.link(1, 2)[1]
    )


def stripped() -> Scene:
    scene = test_route_attributes.fabric()
    for leaf, other in ((1, 2), (1, 3), (2, 1), (3, 1)):
        test_route_attributes.told(scene, leaf, other, 1, route_targets=None)
    return scene


def cliff() -> Scene:
    return test_route_counts.Fabric().loses(1, 20).loses(2, 20).scene


def unlike() -> Scene:
    return test_df_agreement.pair({"df_algorithm": 2}, {})


def unresolved() -> Scene:
    scene = test_es_routes.loaded()
    return announces(scene, 2, op="delete", kinds="1")


def stale_session() -> Scene:
    scene = test_resets.fabric().imet("l1", address(2), neighbor=test_resets.SPINE).passes(10)
    return scene.session("l1", test_resets.SPINE, "IDLE")


def claimed(first: int, second: int) -> Scene:
    return test_stale_claims.held(first, second)


def frozen() -> Scene:
    return test_verdicts.flagged("l1", state="FROZEN")


SCENES: Final[dict[str, Callable[[], Scene]]] = {
    "V1": lambda: test_vteps.lost(test_vteps.fabric(), "l2", "s1", "s2"),
    "V2": lambda: flooding_scene.Fabric().forgets(1, 3, VNI).scene,
    "V3": next_hops,
    "V4": lambda: flooding_scene.retarget(flooding_scene.Fabric(), 3, "65000:9999", VNI).scene,
    "V5": stripped,
    "V10": lambda: test_underlay.Fabric("ebgp-ebgp").cuts(1).scene,
    "V11": cliff,
    "V16": lambda: test_sessions.says(
        test_sessions.fabric(), "l1", test_sessions.link(1, 1)[1], active=False
    ),
    "V17": stale_session,
    "R1": lambda: claim(claim(segments_scene.fabric(), "l1", ODD), "l2", EVEN),
    "R2": lambda: claim(segments_scene.fabric(), "l2", EVEN, ODD),
    "R3": lambda: claim(segments_scene.fabric(), "l1"),
    "R4": lambda: announces(segments_scene.fabric(), 2, op="delete"),
    "R5": lambda: announces(announces(segments_scene.fabric(), 2, op="delete"), 1, op="delete"),
    "R6": unlike,
    "R7": lambda: announces(segments_scene.fabric(), 2, op="delete", kinds="1"),
    "R8": lambda: without_evi(segments_scene.fabric(), 2, ODD),
    "R10": unresolved,
    "R11": lambda: test_es_collisions.collided("member"),
    "R15": lambda: test_uplinks.link(test_uplinks.link(test_uplinks.fabric(), 1, 1, "DOWN"), 1, 2, "DOWN"),
    "R16": lambda: test_uplinks.link(test_uplinks.fabric(), 1, 1, "DOWN"),
    "R19": lambda: test_survivors.leaves(test_survivors.fabric(), 2),
    "L2": lambda: ports.member(test_lags.lag(), "eth6", up=False),
    "L3": lambda: ports.member(test_lacp_partners.lag(), "eth6", partner_id=test_lacp_partners.OTHER),
    "L5": lambda: ports.adjacency(test_adjacencies.isis(), "INIT"),
    "L6": lambda: test_neighbors.recabled(test_neighbors.port(), test_neighbors.S2),
    "I1": test_addresses.duplicate,
    "I5": lambda: test_addresses.bind(test_addresses.gateway(test_addresses.fabric()).passes(5), 5, 2),
    "X3": test_disagreements.withdrawn,
    "M7": lambda: test_sticky.held().mac_route("s1", 1, address(2), 1),
    "M8": lambda: claimed(4, 4),
    "M9": lambda: claimed(3, 4),
    "M10": lambda: test_stale_claims.fallen(7),
    "M13": lambda: test_verdicts.flagged("l1"),
    "M15": frozen,
}
STEPS: Final = {"M7"}
"""What holds from one step of a MAC to the next: the incident stays as the last step left it."""
LASTS: Final = {"M15": 1820, "V11": 10}
"""Seconds until a rule speaks, at most; others 75."""


def test_every_rule_that_has_a_verdict_to_lose_is_here() -> None:
    assert SCENES.keys() == RULES.keys() - EVENTS - ELSEWHERE


@pytest.mark.parametrize("way", ["ends", "mute"])
@pytest.mark.parametrize("rule", sorted(SCENES))
def test_what_nobody_sees_any_more_is_unknown_and_stays(rule: str, way: str) -> None:
    scene = SCENES[rule]().passes(LASTS.get(rule, 75))
    [before] = play(scene).of(rule)
    assert (before["state"], before["resolved_at"]) == ("open", None)
    families = defaultdict[str, list[str]](list)
    for device, family in scene._sessions:
        families[device].append(family)
    for device, mine in families.items():
        if way == "ends":
            scene.ends(device, *mine)
        else:
            scene.mute(device)
    outcome = play(scene.passes(75))

    [incident] = outcome.of(rule)
    assert incident["state"] == "open"
    if rule in STEPS:
        return
    assert incident["coverage"] == 0
    ranks = [one.id for one in RULES.values() if one.family == RULES[rule].family]
    assert [one["time"] for one in outcome.found(*ranks, active=None) if one["time"] >= scene.now - 75]
