"""VTEPs of which underlay and overlay say different things: V10."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Scene

alone = judged_by("underlay")

LEAVES, SPINES = (1, 2, 3), (1, 2)


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    """The addresses of a link: the leaf's and the spine's."""
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


def loopback(kind: str, number: int, version: int = 4) -> str:
    third = 0 if kind == "l" else 1
    return f"10.0.{third}.{number}" if version == 4 else f"2001:db8::{third}:{number}"


class Fabric:
    """Three leaves and two spines of a design, all links and sessions up, all routes held."""

    def __init__(self, design: str, version: int = 4) -> None:
        self.scene, self.design, self.version = Scene(), design, version
        length, host = (31, 32) if version == 4 else (127, 128)
        for kind, numbers in (("l", LEAVES), ("s", SPINES)):
            for number in numbers:
                name = f"{kind}{number}"
                with self.scene.dump(name):
                    self.scene.has_address(name, "lo", loopback(kind, number, version), host)
                    for other in SPINES if kind == "l" else LEAVES:
                        leaf, spine = (number, other) if kind == "l" else (other, number)
                        address = link(leaf, spine, version)[0 if kind == "l" else 1]
                        self.scene.has_address(name, f"p{other}", address, length)
                        self.scene.link(name, f"p{other}", "UP")
                        self.sessions(kind, number, other, "ESTABLISHED")
                    self.routes(name, kind, number)
        self.scene.passes(20)

    def sessions(self, kind: str, number: int, other: int, state: str, *, underlay: bool = True) -> None:
        """What a device tells of its sessions with another: that of EVPN, that of the underlay."""
        leaf, spine = (number, other) if kind == "l" else (other, number)
        on_link = link(leaf, spine, self.version)[1 if kind == "l" else 0]
        far = loopback("s" if kind == "l" else "l", other, self.version)
        inside = self.design.startswith("ibgp")
        numbers = [65000 if kind == "s" else 65000 + number, 65000 if kind == "l" else 65000 + other]
        same: dict[str, Any] = {"local_as": 65000, "peer_as": 65000}
        apart: dict[str, Any] = {"local_as": numbers[0], "peer_as": numbers[1]}
        name = f"{kind}{number}"
        evpn = on_link if self.design == "ebgp" else far
        self._session(name, evpn, state, same if inside else apart, evpn=True)
        if self.design.endswith("-ebgp") and underlay:
            self._session(name, on_link, state, apart, evpn=False)

    def _session(self, name: str, neighbor: str, state: str, numbers: dict[str, Any], *, evpn: bool) -> None:
        key = {"network_instance": "default", "neighbor": neighbor}
        rows: list[tuple[str, dict[str, Any]]] = [("bgp_session", {**key, "session_state": state, **numbers})]
        if evpn:
            rows.append(("bgp_session", {**key, "afi_safi": "L2VPN_EVPN", "active": True}))
        self.scene.rows(name, "bgp", *rows)

    def routes(self, name: str, kind: str, number: int, op: str = "update", of: tuple[int, ...] = ()) -> None:
        for leaf in of or LEAVES:
            own = kind == "l" and leaf == number
            self.scene.imet(
                name, loopback("l", leaf, self.version), op=op, neighbor=None if own else "192.0.2.1"
            )

    def loses_routes(self, of: int) -> "Fabric":
        for kind, numbers in (("l", LEAVES), ("s", SPINES)):
            for number in numbers:
                if (kind, number) != ("l", of):
                    self.routes(f"{kind}{number}", kind, number, "delete", (of,))
        return self

    def cuts(self, leaf: int, *spines: int, ends: str = "ls", status: str = "DOWN") -> "Fabric":
        for spine in spines or SPINES:
            if "l" in ends:
                self.scene.link(f"l{leaf}", f"p{spine}", status)
            if "s" in ends:
                self.scene.link(f"s{spine}", f"p{leaf}", status)
        return self

    def drops_sessions(self, leaf: int, *, underlay: bool) -> "Fabric":
        for spine in SPINES:
            self.sessions("l", leaf, spine, "IDLE", underlay=underlay)
            self.sessions("s", spine, leaf, "IDLE", underlay=underlay)
        return self


def told(outcome: Outcome) -> list[tuple[str, str, float]]:
    return [(one["vtep"], one["device"], one["detected_at"]) for one in outcome.of("V10")]


DESIGNS = ("ibgp", "ebgp", "ebgp-ebgp", "ibgp-ebgp")


@pytest.mark.parametrize("design", DESIGNS)
def test_a_whole_fabric_is_silent(design: str) -> None:
    assert play(Fabric(design).scene.passes(30)).of("V10") == []


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("design", DESIGNS)
def test_routes_of_a_leaf_whose_links_are_all_down_for_5_s_are_stale(design: str, version: int) -> None:
    fabric = Fabric(design, version).cuts(1)

    assert play(fabric.scene.passes(4.9)).of("V10") == []
    outcome = play(fabric.scene.passes(1))
    assert told(outcome) == [(loopback("l", 1, version), "l1", 25)]
    [incident] = outcome.of("V10")
    assert "can't be reached, but looks well: none of its 2 links is up, and 4 of 4" in incident["summary"]


@pytest.mark.parametrize("design", DESIGNS)
def test_a_leaf_that_is_cut_off_and_withdrawn_agrees_with_itself(design: str) -> None:
    fabric = Fabric(design).cuts(1)
    fabric.scene.passes(2)
    fabric.drops_sessions(1, underlay=True).loses_routes(1)

    assert play(fabric.scene.passes(30)).of("V10") == []


@pytest.mark.parametrize("design", DESIGNS)
def test_one_link_that_is_left_is_a_way(design: str) -> None:
    assert play(Fabric(design).cuts(1, 1).scene.passes(30)).of("V10") == []


@pytest.mark.parametrize(("design", "found"), [("ibgp", True), ("ebgp-ebgp", True), ("ibgp-ebgp", True)])
def test_routes_gone_while_the_underlay_works(design: str, *, found: bool) -> None:
    fabric = Fabric(design).drops_sessions(1, underlay=False).loses_routes(1)

    assert play(fabric.scene.passes(4.9)).of("V10") == []
    outcome = play(fabric.scene.passes(1))
    assert bool(outcome.of("V10")) is found
    assert "while 2 of its 2 links are up: the underlay works" in outcome.of("V10")[0]["summary"]


def test_where_sessions_run_on_links_both_share_their_fate() -> None:
    fabric = Fabric("ebgp").drops_sessions(1, underlay=True).loses_routes(1)

    assert play(fabric.scene.passes(30)).of("V10") == []


@pytest.mark.parametrize("design", ["ebgp-ebgp", "ibgp-ebgp"])
def test_an_underlay_whose_own_bgp_is_down_doesn_t_work(design: str) -> None:
    fabric = Fabric(design).drops_sessions(1, underlay=True).loses_routes(1)

    assert play(fabric.scene.passes(30)).of("V10") == []


def test_a_link_to_a_spine_that_reaches_nobody_else_is_no_way() -> None:
    fabric = Fabric("ibgp").cuts(2).cuts(3).loses_routes(1)
    fabric.loses_routes(2).loses_routes(3)

    assert play(fabric.scene.passes(30)).of("V10") == []


def test_links_nobody_can_tell_of_are_no_verdict() -> None:
    fabric = Fabric("ibgp").cuts(1, ends="l")
    fabric.scene.ends("l1", "link")

    assert play(fabric.scene.passes(30)).of("V10") == []


def test_it_clears_when_a_link_is_back() -> None:
    fabric = Fabric("ebgp-ebgp").cuts(1)
    fabric.scene.passes(20)
    fabric.cuts(1, 2, status="UP").scene.passes(6)

    assert play(fabric.scene).spans("V10") == [(25, 45)]


def blind_then_seen(*, came_back: bool) -> Scene:
    """Nobody sees the routes while the links come back, and for a minute more; then all see them again."""
    fabric = Fabric("ebgp-ebgp").cuts(1)
    scene = fabric.scene.passes(20)
    names = [(kind, number) for kind, numbers in (("l", LEAVES), ("s", SPINES)) for number in numbers]
    for kind, number in names:
        scene.ends(f"{kind}{number}", "routes").unmute(f"{kind}{number}")
    scene.passes(5)
    if came_back:
        fabric.cuts(1, status="UP")
    scene.passes(60)
    for kind, number in names:
        with scene.dump(f"{kind}{number}", "routes"):
            fabric.routes(f"{kind}{number}", kind, number)
    return scene.passes(20)


@pytest.mark.parametrize("restart", [True, False])
def test_it_ends_though_what_was_wrong_was_mended_while_nobody_looked(*, restart: bool) -> None:
    scene = blind_then_seen(came_back=True)
    cuts = range(100, len(scene.records), 40)

    assert play(scene, cuts, restarts=cuts if restart else []).spans("V10") == [(25, 110)]


def test_it_goes_on_if_it_still_holds_when_they_look_again() -> None:
    scene = blind_then_seen(came_back=False)

    assert play(scene, range(100, len(scene.records), 40)).spans("V10") == [(25, None)]


@given(cuts=st.sets(st.integers(1, 300), max_size=4), restarts=st.sets(st.integers(1, 300), max_size=3))
@settings(max_examples=8, deadline=None)
def test_batches_and_restarts_change_nothing(cuts: set[int], restarts: set[int]) -> None:
    fabric = Fabric("ibgp-ebgp").cuts(1)
    fabric.scene.passes(8)
    fabric.cuts(1, status="UP").drops_sessions(2, underlay=False).loses_routes(2).scene.passes(15)

    whole, parts = alone(fabric.scene), alone(fabric.scene, cuts, restarts=restarts)

    assert whole.findings == parts.findings
    assert whole.incidents == parts.incidents
    assert len(whole.of("V10")) == 2
