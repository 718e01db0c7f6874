"""Leaves and spines that lost their way to each other: R15, R16."""

import polars as pl
import pytest

from collectors.records import Kind
from pipeline.apply.fabric import Applied
from pipeline.detectors import FINDING
from pipeline.detectors.timeline import PLACE
from pipeline.detectors.topology import ENDS
from pipeline.detectors.uplinks import detect
from tests.pipeline.driver import Outcome, judged_by, play
from tests.pipeline.scene import Said, Scene

alone = judged_by("uplinks")

LEAVES, SPINES = (1, 2, 3), (1, 2)


def ends_of(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    """The addresses of a link: the leaf's and the spine's."""
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


def fabric(version: int = 4, *, loaded: bool = False, observed: tuple[str, ...] = ()) -> Scene:
    """Three leaves, two spines, a link and an EVPN session between each two; all up, as their dumps say."""
    scene = Scene()
    length = 31 if version == 4 else 64
    for leaf in LEAVES:
        if not observed or f"l{leaf}" in observed:
            with scene.dump(f"l{leaf}"):
                scene.serves(f"l{leaf}").learns(f"l{leaf}", 1, producer="LOCAL" if loaded else "BGP")
                for spine in SPINES:
                    mine, theirs = ends_of(leaf, spine, version)
                    scene.has_address(f"l{leaf}", f"up{spine}", mine, length).link(
                        f"l{leaf}", f"up{spine}", "UP"
                    )
                    scene.session(f"l{leaf}", theirs, "ESTABLISHED")
    for spine in SPINES:
        if not observed or f"s{spine}" in observed:
            with scene.dump(f"s{spine}"):
                for leaf in LEAVES:
                    theirs, mine = ends_of(leaf, spine, version)
                    scene.has_address(f"s{spine}", f"down{leaf}", mine, length)
                    scene.link(f"s{spine}", f"down{leaf}", "UP").session(f"s{spine}", theirs, "ESTABLISHED")
    return scene.passes(10)


def sessions(scene: Scene, leaf: int, spine: int, state: str, *, version: int = 4, ends: str = "ls") -> Scene:
    mine, theirs = ends_of(leaf, spine, version)
    if "l" in ends:
        scene.session(f"l{leaf}", theirs, state)
    if "s" in ends:
        scene.session(f"s{spine}", mine, state)
    return scene


def link(scene: Scene, leaf: int, spine: int, status: str, *, ends: str = "ls") -> Scene:
    if "l" in ends:
        scene.link(f"l{leaf}", f"up{spine}", status)
    if "s" in ends:
        scene.link(f"s{spine}", f"down{leaf}", status)
    return scene


def said(outcome: Outcome) -> list[tuple[str, str, float]]:
    return [(one["rule"], one["device"], one["detected_at"]) for one in outcome.incidents]


def test_a_whole_fabric_is_silent() -> None:
    assert play(fabric().passes(60)).findings == []


# R16, leaf


@pytest.mark.parametrize(("declared", "found"), [(2, []), (3, [("R16", "l1", 15.0)])])
def test_an_uplink_that_is_declared_and_was_never_seen_is_missing(
    declared: int, found: list[tuple[str, str, float]]
) -> None:
    scene = fabric()
    content = {"targets": {"l1": {"uplinks": declared}}}
    scene.records.append(Said(scene.now, "operator", Kind.FABRIC, content=content))
    outcome = play(scene.passes(30))
    assert said(outcome) == found
    if found:
        assert "1 more uplinks are declared and are not there" in outcome.incidents[0]["summary"]


@pytest.mark.parametrize("ends", ["ls", "l", "s"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_leaf_that_lost_a_session_for_5_s_runs_on_what_is_left(version: int, ends: str) -> None:
    scene = sessions(fabric(version), 1, 1, "IDLE", version=version, ends=ends)

    assert play(scene.passes(4.9)).incidents == []
    outcome = play(scene.passes(1))

    assert said(outcome) == [("R16", "l1", 15)]
    assert outcome.incidents[0]["severity"] == "warning"
    assert "1 of 2 EVPN sessions and 0 of 2 uplinks are down" in outcome.incidents[0]["summary"]


@pytest.mark.parametrize("ends", ["ls", "l", "s"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_leaf_that_lost_an_uplink_for_5_s_is_told_alike(version: int, ends: str) -> None:
    outcome = play(link(fabric(version), 1, 2, "DOWN", ends=ends).passes(6))

    assert said(outcome) == [("R16", "l1", 15)]
    assert "0 of 2 EVPN sessions and 1 of 2 uplinks are down" in outcome.incidents[0]["summary"]


def test_a_loss_of_less_than_5_s_is_none() -> None:
    scene = link(fabric(), 1, 1, "DOWN").passes(4.9)

    assert play(link(scene, 1, 1, "UP").passes(30)).incidents == []


def test_it_clears_when_all_is_up_for_5_s_and_not_before() -> None:
    scene = sessions(link(fabric(), 1, 1, "DOWN"), 1, 1, "IDLE").passes(20)
    link(scene, 1, 1, "UP").passes(10)
    assert play(scene).spans() == [(15, None)]

    sessions(scene, 1, 1, "ESTABLISHED").passes(4.9)
    assert play(scene).spans() == [(15, None)]
    assert play(scene.passes(1)).spans() == [(15, 40 + 5)]


def test_both_ends_must_see_it_up_again() -> None:
    scene = sessions(sessions(fabric(), 1, 1, "IDLE").passes(20), 1, 1, "ESTABLISHED", ends="l").passes(20)

    assert play(scene).spans() == [(15, None)]


@pytest.mark.parametrize("state", ["ACTIVE", "CONNECT", "OPENSENT", "IDLE"])
def test_any_state_but_established_is_down(state: str) -> None:
    assert play(sessions(fabric(), 1, 1, state).passes(6)).rules() == ["R16"]


# R16, spine


def spine_lost(scene: Scene, spine: int = 2, *, ends: str = "ls") -> Scene:
    for leaf in LEAVES:
        sessions(scene, leaf, spine, "IDLE", ends=ends)
    return scene


@pytest.mark.parametrize("ends", ["ls", "l"])
def test_a_spine_that_all_leaves_lost_is_one_finding_on_the_spine(ends: str) -> None:
    outcome = play(spine_lost(fabric(), ends=ends).passes(6))

    assert said(outcome) == [("R16", "s2", 15)]
    assert outcome.incidents[0]["peer"] is None
    assert "3 of its 3 EVPN sessions" in outcome.incidents[0]["summary"]


def test_a_spine_that_one_leaf_still_has_is_not_lost() -> None:
    scene = fabric()
    for leaf in (1, 2):
        sessions(scene, leaf, 2, "IDLE")

    assert said(play(scene.passes(6))) == [("R16", "l1", 15), ("R16", "l2", 15)]


def both_families(leaves: tuple[int, ...]) -> Scene:
    """Leaves with an IPv4 and an IPv6 session with each spine."""
    scene = Scene()
    for leaf in leaves:
        with scene.dump(f"l{leaf}"):
            scene.serves(f"l{leaf}")
            for spine in SPINES:
                for version in (4, 6):
                    scene.session(f"l{leaf}", ends_of(leaf, spine, version)[1], "ESTABLISHED")
    for spine in SPINES:
        with scene.dump(f"s{spine}"):
            for leaf in leaves:
                for version, length in ((4, 31), (6, 64)):
                    address = ends_of(leaf, spine, version)[1]
                    scene.has_address(f"s{spine}", f"down{leaf}", address, length)
    return scene.passes(10)


def test_sessions_of_two_families_with_one_leaf_are_that_leaf_s_matter() -> None:
    scene = both_families((1,))
    for version in (4, 6):
        sessions(scene, 1, 2, "IDLE", version=version, ends="l")

    assert said(play(scene.passes(6))) == [("R16", "l1", 15)]


def test_a_spine_is_lost_when_the_sessions_of_both_families_are_and_not_before() -> None:
    scene = both_families((1, 2))
    for leaf, version in ((1, 4), (1, 6), (2, 4)):
        sessions(scene, leaf, 2, "IDLE", version=version, ends="l")
    scene.passes(10)
    assert [device for _, device, _ in said(play(scene))] == ["l1", "l2"]

    sessions(scene, 2, 2, "IDLE", version=6, ends="l").passes(6)
    assert said(play(scene))[2:] == [("R16", "s2", 25)]


def test_a_lost_spine_is_found_though_it_fell_silent() -> None:
    outcome = play(spine_lost(fabric().mute("s2"), ends="l").passes(30))

    assert said(outcome)[0] == ("R16", "s2", 15)
    assert {one["device"] for one in outcome.of("R16", "R15")} == {"s2"}


@pytest.mark.parametrize(("tellers", "found"), [((1, 2), {"s2"}), ((1,), {"l1"})])
def test_a_spine_is_lost_by_the_word_of_two_leaves_where_others_are_silent(
    tellers: tuple[int, ...], found: set[str]
) -> None:
    scene = fabric().mute("s2", "l3", *(f"l{leaf}" for leaf in LEAVES if leaf not in tellers)).passes(30)
    for leaf in tellers:
        sessions(scene, leaf, 2, "IDLE", ends="l")
    told = play(scene.passes(20)).of("R16", "R15")
    assert {one["device"] for one in told} == found
    if found == {"s2"}:
        assert "2 of its 3 EVPN sessions with leaves are down, 1 can't be told" in told[0]["summary"]


def test_a_spine_that_nobody_observes_is_known_by_its_address() -> None:
    scene = spine_lost(fabric(observed=("l1", "l2", "l3", "s1")), ends="l").passes(6)

    # its addresses belong to nobody known: each leaf lost a session
    assert [(rule, device) for rule, device, _ in said(play(scene))] == [
        ("R16", f"l{leaf}") for leaf in LEAVES
    ]


def links_lost(
    scene: Scene, leaves: tuple[int, ...] = LEAVES, status: str = "DOWN", *, ends: str = "l"
) -> Scene:
    for leaf in leaves:
        link(scene, leaf, 2, status, ends=ends)
    return scene


@pytest.mark.parametrize("ends", ["ls", "l", "s"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_spine_that_lost_all_its_links_is_lost_though_its_sessions_are_not_over(
    version: int, ends: str
) -> None:
    scene = links_lost(fabric(version), ends=ends)

    assert play(scene.passes(4.9)).incidents == []
    outcome = play(scene.passes(10))

    assert said(outcome) == [("R16", "s2", 15)]
    assert "Spine s2 of 2 is lost to the fabric: 3 of its 3 links" in outcome.incidents[0]["summary"]


def test_a_spine_that_lost_all_links_but_one_is_not_lost() -> None:
    scene = links_lost(fabric(), (1, 2)).passes(6)

    assert said(play(scene)) == [("R16", "l1", 15), ("R16", "l2", 15)]


def test_a_spine_without_its_links_goes_on_as_one_incident_when_its_sessions_end() -> None:
    scene = links_lost(fabric()).passes(20)
    spine_lost(scene, ends="l").passes(20)
    links_lost(scene, status="UP").passes(10)
    for leaf in LEAVES:
        sessions(scene, leaf, 2, "ESTABLISHED", ends="l")
    outcome = play(scene.passes(10))

    assert said(outcome) == [("R16", "s2", 15)]
    assert outcome.spans() == [(15, 60 + 5)]


def test_a_spine_is_lost_when_parallel_links_with_all_leaves_are_down_and_not_before() -> None:
    scene = fabric()
    for leaf in LEAVES:
        scene.has_address(f"l{leaf}", "up9", f"10.{leaf}.9.0", 31).link(f"l{leaf}", "up9", "UP")
        scene.has_address("s2", f"down9{leaf}", f"10.{leaf}.9.1", 31).link("s2", f"down9{leaf}", "UP")
    links_lost(scene.passes(5)).passes(10)
    assert [device for _, device, _ in said(play(scene))] == ["l1", "l2", "l3"]

    for leaf in LEAVES:
        scene.link(f"l{leaf}", "up9", "DOWN")
    assert said(play(scene.passes(6)))[3:] == [("R16", "s2", 30)]


@pytest.mark.parametrize(("tellers", "found"), [((1, 2), {"s2"}), ((1,), {"l1"})])
def test_a_spine_is_lost_by_the_links_of_two_leaves_where_others_are_silent(
    tellers: tuple[int, ...], found: set[str]
) -> None:
    scene = fabric().mute("s2", "l3", *(f"l{leaf}" for leaf in LEAVES if leaf not in tellers)).passes(30)
    told = play(links_lost(scene, tellers).passes(20)).of("R16", "R15")
    assert {one["device"] for one in told} == found
    if found == {"s2"}:
        assert "2 of its 3 links with leaves are down, 1 can't be told" in told[0]["summary"]


def test_links_that_a_spine_has_with_one_leaf_only_are_that_leaf_s_matter() -> None:
    scene = fabric().joins("s9")
    scene.has_address("l1", "up9", "10.1.9.0", 31).link("l1", "up9", "UP")
    scene.has_address("s9", "down1", "10.1.9.1", 31).link("s9", "down1", "UP").passes(5)

    assert said(play(scene.link("l1", "up9", "DOWN").passes(6))) == [("R16", "l1", 20)]


# R15


def isolated(scene: Scene, what: str = "sessions") -> Scene:
    for spine in SPINES:
        if what == "sessions":
            sessions(scene, 1, spine, "IDLE")
        else:
            link(scene, 1, spine, "DOWN")
    return scene


@pytest.mark.parametrize("what", ["sessions", "links"])
def test_a_leaf_without_any_session_or_any_uplink_for_3_s_is_cut_off(what: str) -> None:
    scene = isolated(fabric(), what)

    assert play(scene.passes(2.9)).incidents == []
    outcome = play(scene.passes(1))

    assert said(outcome) == [("R15", "l1", 13)]
    assert "Leaf l1 is cut off" in outcome.incidents[0]["summary"]


def test_one_session_left_is_no_isolation() -> None:
    assert play(sessions(fabric(), 1, 1, "IDLE").passes(30)).rules() == ["R16"]


@pytest.mark.parametrize(("loaded", "severity"), [(True, "critical"), (False, "warning")])
def test_it_is_critical_while_hosts_are_attached(*, loaded: bool, severity: str) -> None:
    assert play(isolated(fabric(loaded=loaded)).passes(5)).incidents[0]["severity"] == severity


@pytest.mark.parametrize("one_by_one", [False, True])
def test_what_counts_are_the_hosts_when_the_leaf_was_cut_off(*, one_by_one: bool) -> None:
    left = isolated(fabric(loaded=True).learns("l1", 2, producer="BGP")).passes(1)
    left.learns("l1", 1, op="delete", producer="LOCAL").passes(20)
    outcome = alone(left, range(len(left.records)) if one_by_one else ())

    assert {one["severity"] for one in outcome.found("R15")} == {"critical"}


def test_counters_of_a_session_are_no_news() -> None:
    scene = fabric()
    up = ends_of(1, 1)[1]
    seen = play(scene).detection.dump()["uplinks_up"]
    for received in range(5):
        key = {"network_instance": "default", "neighbor": up}
        scene.row("l1", "bgp", "bgp_session", **key, afi_safi="L2VPN_EVPN", prefixes_received=received)
        scene.row("l1", "bgp", "bgp_session", **key, established_transitions=received)
    after = play(scene.passes(1)).detection.dump()["uplinks_up"]

    assert after.equals(seen)


def test_a_leaf_with_an_ethernet_segment_has_hosts_attached() -> None:
    scene = fabric()
    scene.row("l1", "es", "ethernet_segment", name="es1", esi="00:01", interface="bond1").passes(1)

    assert play(isolated(scene).passes(5)).incidents[0]["severity"] == "critical"


def test_a_leaf_of_whose_macs_nothing_is_known_counts_as_loaded() -> None:
    scene = Scene()
    with scene.dump("l1", "vtep", "link", "bgp", "liveness"):
        scene.serves("l1")
        for spine in SPINES:
            scene.session("l1", ends_of(1, spine)[1], "ESTABLISHED")
    scene.passes(10)
    for spine in SPINES:
        sessions(scene, 1, spine, "IDLE", ends="l")

    assert play(scene.passes(5)).incidents[0]["severity"] == "critical"


def test_a_degraded_leaf_that_is_cut_off_is_raised_and_goes_on_as_one_incident() -> None:
    scene = sessions(fabric(), 1, 1, "IDLE").passes(10)
    sessions(scene, 1, 2, "IDLE").passes(20)
    sessions(scene, 1, 2, "ESTABLISHED").passes(15)
    sessions(scene, 1, 1, "ESTABLISHED").passes(10)

    outcome = play(scene)

    [incident] = outcome.incidents
    assert (incident["rule"], incident["opened_at"], incident["resolved_at"]) == ("R15", 10, 55 + 5)
    assert [(event["kind"], event["rule"], event["event_time"]) for event in outcome.events] == [
        ("opened", "R16", 15),
        ("raised", "R15", 23),
        ("lowered", "R16", 40),
        ("resolved", "R15", 60),
    ]


def test_a_leaf_without_links_or_without_sessions_told_is_judged_by_what_is_told() -> None:
    scene = Scene()
    with scene.dump("l1"):
        scene.serves("l1")
        for spine in SPINES:
            scene.session("l1", ends_of(1, spine)[1], "ESTABLISHED")
    scene.passes(10)
    sessions(scene, 1, 1, "IDLE", ends="l").passes(6)

    assert said(play(scene)) == [("R16", "l1", 15)]


def test_sessions_that_come_up_one_after_another_are_no_isolation() -> None:
    scene = Scene().joins("l1").passes(1).serves("l1").learns("l1", 1).passes(1)
    sessions(scene, 1, 1, "IDLE", ends="l").passes(0.5)
    sessions(scene, 1, 2, "ESTABLISHED", ends="l").passes(20)

    assert said(play(scene)) == [("R16", "l1", 7)]


# Leaves without spines: a full mesh of sessions.


def mesh(leaves: int, observed: int | None = None) -> Scene:
    """Leaves with an EVPN session between each two; all up, as their dumps say."""
    scene = Scene()
    for leaf in range(1, (observed or leaves) + 1):
        with scene.dump(f"l{leaf}"):
            scene.serves(f"l{leaf}").learns(f"l{leaf}", 1, producer="BGP")
            scene.has_address(f"l{leaf}", "lo", f"10.255.0.{leaf}", 32)
    # who is a leaf is known before who peers with whom is asked
    for leaf in range(1, (observed or leaves) + 1):
        for peer in range(1, leaves + 1):
            if peer != leaf:
                scene.session(f"l{leaf}", f"10.255.0.{peer}", "ESTABLISHED")
    return scene.passes(10)


def unmeshed(scene: Scene, leaves: int, leaf: int, state: str = "IDLE", *, told_by: str = "all") -> Scene:
    for peer in range(1, leaves + 1):
        if peer != leaf:
            scene.session(f"l{peer}", f"10.255.0.{leaf}", state)
            if told_by == "all":
                scene.session(f"l{leaf}", f"10.255.0.{peer}", state)
    return scene


def test_a_mesh_of_leaves_that_is_whole_is_silent() -> None:
    assert play(mesh(3).passes(60)).findings == []


@pytest.mark.parametrize("told_by", ["all", "others"])
@pytest.mark.parametrize("leaves", [3, 4])
def test_a_leaf_that_lost_all_sessions_of_a_mesh_is_cut_off_and_no_other(leaves: int, told_by: str) -> None:
    scene = unmeshed(mesh(leaves), leaves, 1, told_by=told_by)
    assert play(scene.passes(2.9)).incidents == []

    outcome = play(scene.passes(20))

    assert said(outcome) == [("R15", "l1", 13)]
    assert f"{leaves - 1} of {leaves - 1} EVPN sessions" in outcome.incidents[0]["summary"]


def test_a_leaf_that_is_back_in_the_mesh_is_cut_off_no_more() -> None:
    scene = unmeshed(unmeshed(mesh(3), 3, 1).passes(20), 3, 1, "ESTABLISHED").passes(6)

    assert play(scene).spans() == [(13, 30 + 5)]


def test_one_session_of_a_mesh_is_the_matter_of_both_its_leaves() -> None:
    scene = mesh(3).session("l1", "10.255.0.2", "IDLE").passes(6)

    assert said(play(scene)) == [("R16", "l1", 15), ("R16", "l2", 15)]


def test_a_leaf_with_an_uplink_that_its_mesh_lost_is_told_by_the_leaves_that_lost_it() -> None:
    scene = mesh(3)
    scene.session("l1", "10.9.9.9", "ESTABLISHED").passes(5)

    outcome = play(unmeshed(scene, 3, 1, told_by="others").passes(6))

    # l1 has a session left, with somebody unknown; l2 and l3 have each other
    assert said(outcome) == [("R16", "l2", 20), ("R16", "l3", 20)]


def test_of_two_leaves_alone_with_each_other_both_are_cut_off() -> None:
    assert said(play(unmeshed(mesh(2), 2, 1).passes(6))) == [("R15", "l1", 13), ("R15", "l2", 13)]


# Not to fire.


def test_a_link_to_hosts_is_no_uplink() -> None:
    scene = fabric().has_address("l1", "vlan10", "10.9.0.1", 24).link("l1", "vlan10", "UP")
    scene.link("l1", "bond1", "UP").passes(5).link("l1", "vlan10", "DOWN").link("l1", "bond1", "DOWN")

    assert play(scene.passes(10)).incidents == []


def test_the_standby_leg_of_a_single_active_segment_may_be_down() -> None:
    scene = fabric().row(
        "l1",
        "es",
        "ethernet_segment",
        name="es1",
        esi="00:01",
        redundancy_mode="SINGLE_ACTIVE",
        interface="bond1",
    )
    scene.link("l1", "bond1", "UP").passes(5).link("l1", "bond1", "DOWN").passes(10)

    assert play(scene).incidents == []


def test_a_blip_that_only_the_carrier_counter_shows_is_no_loss() -> None:
    scene = fabric().link("l1", "up1", "UP", carrier_transitions=2).passes(3)
    scene.link("l1", "up1", "UP", carrier_transitions=4).passes(10)
    counted: list[int] = []

    def watch(applied: Applied) -> None:
        facts = applied.changes["link"].facts(applied.records)
        counted.extend(facts["carrier_transitions"].drop_nulls().to_list())

    assert play(scene, watch=watch).incidents == []
    assert counted == [2, 4]


def test_a_session_between_leaves_is_no_uplink() -> None:
    scene = fabric().session("l1", ends_of(2, 1)[0], "ESTABLISHED").passes(5)
    scene.session("l1", ends_of(2, 1)[0], "IDLE").passes(10)

    assert play(scene).incidents == []


def test_the_same_addresses_on_renamed_devices_tell_the_same() -> None:
    scene = spine_lost(fabric()).passes(6)
    names = {"l1": "spine-7", "l2": "spine-8", "l3": "x", "s1": "leaf-1", "s2": "leaf-2"}
    renamed = [
        type(one)(**{**vars(one), "device": names.get(one.device, one.device)}) for one in scene.records
    ]

    assert said(play(renamed)) == [("R16", "leaf-2", 15)]


def test_a_declared_spine_that_serves_vnis_is_a_spine() -> None:
    scene = Scene()
    with scene.dump("s1", role="spine"):
        scene.serves("s1").session("s1", "10.1.1.0", "ESTABLISHED")
    with scene.dump("l1"):
        scene.serves("l1").has_address("l1", "up1", "10.1.1.0", 31).session("l1", "10.1.1.1", "ESTABLISHED")
    scene.passes(10).session("s1", "10.1.1.0", "IDLE").passes(6)

    assert {one["device"] for one in play(scene).incidents} == {"l1"}


# Blind observers.


def test_the_fresh_end_judges_alone() -> None:
    scene = sessions(fabric().ends("l1").passes(5), 1, 1, "IDLE", ends="s").passes(6)

    assert ("R16", "l1", 20) in said(play(scene))


def test_what_a_blind_end_said_last_says_nothing() -> None:
    scene = sessions(fabric(), 1, 1, "IDLE", ends="l").passes(2).ends("l1", "bgp", "link").passes(10)

    assert play(scene).of("R16") == []


def test_it_stays_open_without_coverage_while_all_ends_are_blind() -> None:
    scene = sessions(fabric(), 1, 1, "IDLE").passes(10)
    for device in ("l1", "s1", "s2"):
        scene.ends(device)
    outcome = play(scene.passes(60))

    [incident] = [one for one in outcome.of("R16") if one["device"] == "l1"]
    assert (incident["state"], incident["coverage"]) == ("open", 0.0)


def test_an_adjacency_that_nobody_sees_is_not_down() -> None:
    # s1 sees its session with l1 down; of l1's other session nobody fresh can tell
    scene = fabric().ends("l1").ends("s2").passes(5)
    sessions(scene, 1, 1, "IDLE", ends="s").passes(10)

    assert [
        one["rule"] for one in play(scene).incidents if one["device"] == "l1" and one["rule"] != "X1"
    ] == ["R16"]


def test_a_leg_lost_while_blind_is_found_at_the_sync() -> None:
    scene = fabric()
    for device in ("l1", "s1"):
        scene.ends(device)
    scene.passes(30)
    with scene.dump("l1"):
        scene.serves("l1").learns("l1", 1)
        for spine in SPINES:
            mine, theirs = ends_of(1, spine)
            scene.has_address("l1", f"up{spine}", mine, 31).link("l1", f"up{spine}", "UP")
            scene.session("l1", theirs, "IDLE" if spine == 1 else "ESTABLISHED")
    scene.passes(10)

    assert ("R16", "l1", 45) in said(play(scene))


def test_without_ends_there_are_no_findings_but_all_columns() -> None:
    key = {"device": pl.String, "kind": pl.String}
    up = pl.DataFrame(schema={**key, "thing": pl.String, **PLACE, "value": pl.Boolean})
    fresh = pl.DataFrame(schema={**key, **PLACE, "value": pl.Boolean})

    wanted = pl.DataFrame(schema={"leaf": pl.String, **PLACE, "value": pl.Int64})
    found = detect(pl.DataFrame(schema=ENDS), up, fresh, {}, wanted)
    assert found.schema == FINDING
    assert found.is_empty()
