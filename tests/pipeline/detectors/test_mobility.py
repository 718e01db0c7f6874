"""Moves of MACs: M1, M3, M2 with its burst rule, and M12, the moves that nobody saw."""

import json
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.apply.mac_location import STEP_FRAME
from pipeline.detectors import FINDING
from pipeline.detectors.mobility import detect
from pipeline.detectors.moves import by_limits, moves
from pipeline.detectors.settings import Settings
from tests.pipeline.driver import Outcome, play
from tests.pipeline.scene import Scene, address, mac

TOP = 2**32 - 1
Jump = tuple[float, int]
"""When, and by how much the sequence number rises."""


def moving(
    times: Sequence[float], *, version: int = 4, places: int = 2, first: int = 0, number: int = 1
) -> Scene:
    """A MAC that moves at each time, as a spine sees it: the new path comes before the old one goes."""
    scene = Scene().joins("s1").passes(1)
    scene.mac_route("s1", number, address(1, version), first)
    for move, at in enumerate(times, 1):
        scene.until(at)
        scene.mac_route("s1", number, address(1 + move % places, version), (first + move) % 2**32)
        scene.mac_route("s1", number, address(1 + (move - 1) % places, version), op="delete")
    return scene.passes(1)


def rising(jumps: Sequence[Jump], *, first: int = 0, places: Sequence[int] = (1,)) -> Scene:
    """A MAC whose sequence number rises by jumps; of its moves only the last place is seen."""
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(places[0]), first)
    seq = first
    for number, (at, jump) in enumerate(jumps, 1):
        scene.until(at)
        seq = (seq + jump) % 2**32
        old, new = places[(number - 1) % len(places)], places[number % len(places)]
        scene.mac_route("s1", 1, address(new), seq)
        if old != new:
            scene.mac_route("s1", 1, address(old), op="delete")
    return scene.passes(1)


def every(step: float, moves: int, start: float = 5) -> list[float]:
    return [start + step * move for move in range(moves)]


def rules_of(outcome: Outcome) -> list[str]:
    """The rules of this module's findings; what else is said of moves is tested elsewhere."""
    return [finding["rule"] for finding in outcome.findings if finding["rule"] in ("M1", "M2", "M3", "M12")]


# M1


@pytest.mark.parametrize("version", [4, 6])
def test_a_move_is_told_with_both_places_and_opens_no_incident(version: int) -> None:
    outcome = play(moving([5], version=version))

    [finding] = outcome.findings
    assert (finding["rule"], finding["severity"], finding["time"]) == ("M1", "info", 5)
    assert (finding["vni"], finding["mac"]) == (1010, mac(1))
    assert finding["summary"] == (
        f"MAC 00:11:c0:08:00:01 in VNI 1010 moved from {address(1, version)} to {address(2, version)}, "
        "sequence number 1"
    )
    assert outcome.incidents == []


def test_a_place_without_a_newer_number_is_no_move() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(2), 3).passes(1)
    scene.mac_route("s1", 1, address(1), 3).passes(1).mac_route("s1", 1, address(2), op="delete")

    outcome = play(scene.passes(1))

    assert [row["location"] for row in outcome.locations] == [address(1)]
    assert outcome.findings == []


def test_a_move_seen_by_several_observers_is_one_move() -> None:
    scene = Scene().joins("s1", "s2", "l3").passes(1)
    for move in range(6):
        for device in ("s1", "s2", "l3"):
            scene.mac_route(device, 1, address(1 + move % 2), move)
            scene.passes(0.5).mac_route(device, 1, address(2 - move % 2), op="delete")
        scene.passes(50)

    outcome = play(scene)

    assert rules_of(outcome) == ["M1"] * 5
    assert outcome.incidents == []


# M2


@pytest.mark.parametrize(("step", "found"), [(44.9, True), (45.0, False)])
def test_five_moves_within_180_s_are_a_duplicate_and_the_window_is_half_open(
    step: float, *, found: bool
) -> None:
    outcome = play(moving(every(step, 5)))

    assert outcome.rules() == (["M2"] if found else [])


@pytest.mark.parametrize("version", [4, 6])
def test_four_moves_are_no_duplicate_and_the_fifth_opens_it_at_once(version: int) -> None:
    assert play(moving(every(31, 4), version=version)).of("M2") == []

    outcome = play(moving(every(31, 5), version=version))

    [incident] = outcome.of("M2")
    assert (incident["severity"], incident["detected_at"]) == ("critical", 5 + 4 * 31)
    assert (incident["vni"], incident["mac"], incident["device"]) == (1010, mac(1), None)
    assert (
        f"moved 5 times within 180 s between {address(1, version)} and {address(2, version)}"
        in (incident["summary"])
    )


def test_moves_around_three_places_of_which_each_sees_a_share_are_a_duplicate() -> None:
    outcome = play(moving(every(31, 5), places=3))

    assert outcome.rules() == ["M2"]
    assert "between 10.0.0.1 and 10.0.0.2 and 10.0.0.3" in outcome.incidents[0]["summary"]


@pytest.mark.parametrize(("last", "found"), [(15.0, False), (15.1, True)])
def test_a_burst_counts_as_one_move_until_it_lasts_longer_than_10_s(last: float, *, found: bool) -> None:
    outcome = play(moving([5, 6, 7, 8, 9, last]).passes(60))

    assert outcome.rules() == (["M2"] if found else [])


def test_a_migration_of_six_moves_within_10_s_that_ends_still_is_told_and_nothing_more() -> None:
    outcome = play(moving(every(2, 6)).passes(300))

    assert set(rules_of(outcome)) == {"M1"}
    assert outcome.incidents == []


def test_four_migrations_within_the_window_are_four_moves_and_a_fifth_makes_a_duplicate() -> None:
    bursts = [start + step for start in (5, 40, 75, 110, 145) for step in (0, 2, 4)]

    assert play(moving(bursts[:12])).of("M2") == []
    assert play(moving(bursts)).of("M2")[0]["detected_at"] == 145


@pytest.mark.parametrize(("first", "found"), [([5, 6], True), ([5, 6, 7], False)])
def test_there_and_back_is_no_migration_but_two_moves(first: list[float], *, found: bool) -> None:
    # three single moves after it
    assert bool(play(moving([*first, 40, 75, 110])).of("M2")) is found


@pytest.mark.parametrize(("moves", "found"), [(7, True), (6, False)])
def test_a_burst_of_more_than_six_moves_is_no_migration(moves: int, *, found: bool) -> None:
    assert bool(play(moving([*every(1.5, moves), 60])).of("M2")) is found


@pytest.mark.parametrize(("gap", "found"), [(29.0, True), (30.0, False)])
def test_moves_30_s_apart_are_of_different_bursts(gap: float, *, found: bool) -> None:
    # one burst lasts from 5 s on and counts in full; cut in two it is 3 s and 3 s: two moves
    outcome = play(moving([5, 6.5, 8, 8 + gap, 9.5 + gap, 11 + gap]))

    assert bool(outcome.of("M2")) is found


def test_a_duplicate_clears_180_s_after_the_last_move_and_not_before() -> None:
    scene = moving(every(31, 5)).until(129 + 179.9)

    assert play(scene).spans("M2") == [(129, None)]
    assert play(scene.passes(1)).spans("M2") == [(129, 129 + 180)]


def test_single_moves_keep_a_duplicate_open() -> None:
    outcome = play(moving([*every(31, 5), 300, 470]).until(660))

    assert outcome.spans("M2") == [(129, 470 + 180)]


def test_a_flap_raised_to_a_duplicate_stays_one_incident() -> None:
    outcome = play(moving(every(15, 5)))

    [incident] = outcome.incidents
    assert incident["rule"] == "M2"
    assert [(event["kind"], event["rule"]) for event in outcome.events] == [
        ("opened", "M3"),
        ("raised", "M2"),
    ]
    assert {event["incident_id"] for event in outcome.events} == {incident["incident_id"]}


def test_moves_implied_by_the_number_count_when_the_mac_moved_within_the_window() -> None:
    # five moves in eleven seconds, of which three were seen
    outcome = play(rising([(5, 2), (11, 2), (16, 1)], places=(1, 2)))

    assert outcome.of("M2")[0]["detected_at"] == 16


def test_moves_implied_by_the_number_are_no_duplicate_when_nobody_saw_the_mac_move() -> None:
    outcome = play(rising([(5, 4), (40, 6), (75, 6)]))

    assert "M2" not in rules_of(outcome)
    assert "M3" not in rules_of(outcome)


# M3


@pytest.mark.parametrize(("step", "found"), [(29.9, True), (30.0, False)])
def test_three_moves_within_60_s_are_a_flap_and_the_window_is_half_open(step: float, *, found: bool) -> None:
    # at 30.0 s the moves are bursts of their own, and the first has left the window
    outcome = play(moving([5, 5 + step, 5 + 2 * step]))

    assert outcome.rules() == (["M3"] if found else [])
    if found:
        assert (outcome.incidents[0]["severity"], outcome.incidents[0]["detected_at"]) == ("warning", 64.8)


def test_two_moves_are_no_flap() -> None:
    assert play(moving([5, 25])).incidents == []


def test_a_flap_clears_180_s_after_the_last_move() -> None:
    assert play(moving(every(20, 3)).until(230)).spans() == [(45, 225)]


# M12


@pytest.mark.parametrize(("jump", "found"), [(5, True), (4, False)])
def test_more_than_five_unseen_moves_within_180_s_are_evidence(jump: int, *, found: bool) -> None:
    # one jump of up to six is excused as a migration: 5 + 5 - 4 is six, 5 + 4 - 4 is five
    outcome = play(rising([(5, 5), (35, jump)]))

    assert outcome.rules() == (["M12"] if found else [])
    if found:
        assert outcome.incidents[0]["severity"] == "warning"
        assert "rose by 6 within 180 s, to 10" in outcome.incidents[0]["summary"]


@pytest.mark.parametrize(("jump", "found"), [(7, True), (6, False)])
def test_one_jump_by_more_than_a_migration_is_evidence_at_once(jump: int, *, found: bool) -> None:
    outcome = play(rising([(5, jump)]))

    assert outcome.rules() == (["M12"] if found else [])
    if found:
        assert outcome.incidents[0]["detected_at"] == 5


@pytest.mark.parametrize(("second", "found"), [(184.9, True), (185.0, False)])
def test_the_window_of_unseen_moves_is_half_open(second: float, *, found: bool) -> None:
    assert bool(play(rising([(5, 6), (second, 6)])).of("M12")) is found


def test_rises_by_one_without_a_move_add_up() -> None:
    # the IP of a MAC that was bound to another MAC before: extended mobility raises the number
    assert play(rising([(at, 1) for at in every(10, 5)])).rules() == []
    assert play(rising([(at, 1) for at in every(10, 6)])).rules() == ["M12"]


@pytest.mark.parametrize("first", [0, TOP - 7, TOP - 5, TOP])
def test_the_number_wraps_at_2_to_32(first: int) -> None:
    outcome = play(rising([(5, 6), (35, 6)], first=first))

    [incident] = outcome.of("M12", "M2", "M3")
    assert incident["rule"] == "M12"
    assert "rose by 7" in incident["summary"]


@pytest.mark.parametrize("first", [0, TOP - 3, TOP])
def test_moves_count_across_the_wrap(first: int) -> None:
    assert [one["rule"] for one in play(moving(every(31, 5), first=first)).of("M2", "M3", "M12")] == ["M2"]


def test_an_older_number_by_serial_comparison_is_no_rise() -> None:
    outcome = play(rising([(5, 2**31)]))

    assert outcome.findings == []


@pytest.mark.parametrize("seq", [7, 2**31 + 5, TOP])
def test_no_number_after_a_withdraw_is_a_new_life_of_the_mac(seq: int) -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), seq).passes(20)
    scene.mac_route("s1", 1, address(1), op="delete").passes(20)
    scene.mac_route("s1", 1, address(2)).passes(5)

    outcome = play(scene)

    assert outcome.findings == []
    assert outcome.locations[0]["location"] == address(2)


def test_a_restarted_leaf_that_lost_its_number_moves_nothing_and_counting_goes_on() -> None:
    # the number goes back to none in place, without a withdraw: the fabric's rises after it count as ever
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), 12).passes(20)
    scene.mac_route("s1", 1, address(1)).passes(20)

    assert play(scene).findings == []

    for rise in range(1, 7):
        scene.mac_route("s1", 1, address(1), rise).passes(10)

    assert play(scene).rules() == ["M12"]


def blind_then(rise: int, blind: float, seen: float = 10.0) -> Outcome:
    scene = Scene()
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), 3)
    scene.until(seen).ends("s1").until(seen + blind)
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(2), 3 + rise)
    return play(scene.passes(1))


@pytest.mark.parametrize(("rise", "rules"), [(6, ["M12"]), (5, [])])
def test_moves_while_the_observer_was_blind_are_evidence_and_no_moves(rise: int, rules: list[str]) -> None:
    outcome = blind_then(rise, blind=60)

    assert [one["rule"] for one in outcome.of("M12", "M2", "M3")] == rules
    assert {"M1", "M2", "M3"}.isdisjoint(rules_of(outcome))


@pytest.mark.parametrize(("blind", "found"), [(11, True), (10, False)])
def test_a_blind_interval_no_longer_than_a_burst_may_have_hidden_a_migration(
    blind: float, *, found: bool
) -> None:
    assert bool(blind_then(6, blind).of("M12")) is found


@pytest.mark.parametrize(("rise", "found"), [(11, True), (10, False)])
def test_of_a_long_blind_interval_the_share_of_180_s_counts(rise: int, *, found: bool) -> None:
    assert bool(blind_then(rise, blind=360).of("M12")) is found


def test_a_first_dump_says_nothing_of_moves() -> None:
    scene = Scene().passes(5)
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1), 500)
    with scene.dump("s2"):
        scene.mac_route("s2", 1, address(2), 900)

    assert play(scene.passes(30)).findings == []


# Not to fire: see the list of the catalogue and what real fabrics do.


def test_two_pes_of_one_segment_are_one_place() -> None:
    esi = "00:11:22:33:44:55:66:77:88:99"
    scene = Scene().joins("s1").passes(1)
    for move in range(8):
        scene.mac_route("s1", 1, address(1 + move % 2), move, esi=esi).passes(10)

    outcome = play(scene)

    assert "M1" not in rules_of(outcome)
    assert outcome.of("M2", "M3") == []
    assert [row["location"] for row in outcome.locations] == [esi]


def test_a_dual_homed_mac_announced_by_both_pes_with_one_number_is_silent() -> None:
    scene = Scene().joins("s1", "s2").passes(1)
    for _ in range(6):
        for device in ("s1", "s2"):
            for pe in (1, 2):
                scene.mac_route(device, 1, address(pe), 4, esi="00:11:22:33:44:55:66:77:88:99").passes(1)
                scene.mac_route(device, 1, address(3 - pe), op="delete").passes(1)

    assert play(scene).findings == []


def test_a_single_homed_duplicate_on_a_multihomed_fabric_is_found_by_nobody_else() -> None:
    # with any Ethernet segment configured some devices switch their own detection off
    scene = moving(every(20, 5))
    scene.segment_route("s1", "00:01", address(1)).ad_route("s1", "00:01", address(2)).passes(1)

    assert play(scene).rules() == ["M2"]


def test_a_proxy_of_a_segment_that_takes_over_is_silent() -> None:
    # the ARP/ND community (RFC 9047) tells a proxy: it is not decoded, and moves no MAC
    esi, proxy = "00:11:22:33:44:55:66:77:88:99", "0608000000000002"
    scene = Scene().joins("s1").passes(1)
    for _ in range(6):
        scene.mac_route("s1", 1, address(1), 2, esi=esi).passes(1)
        scene.mac_route("s1", 1, address(2), 2, esi=esi, other=proxy).passes(5)
        scene.mac_route("s1", 1, address(1), op="delete").passes(5)
        scene.mac_route("s1", 1, address(2), 2, esi=esi).passes(5)

    outcome = play(scene)

    assert outcome.findings == []
    assert [row["location"] for row in outcome.locations] == [esi]


def test_mac_only_and_mac_ip_routes_of_a_move_are_one_move() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(5):
        at, before = address(1 + move % 2), address(2 - move % 2)
        for ip in (None, "10.1.0.9", "2001:db8:1::9"):
            scene.mac_route("s1", 1, at, move, ip=ip).passes(0.2)
        for ip in (None, "10.1.0.9", "2001:db8:1::9"):
            scene.mac_route("s1", 1, before, ip=ip, op="delete").passes(0.2)
        scene.passes(35)

    outcome = play(scene)

    assert rules_of(outcome) == ["M1"] * 4


def test_a_mac_ip_route_that_ages_out_is_no_loss_of_the_mac() -> None:
    scene = (
        Scene()
        .joins("s1")
        .passes(1)
        .mac_route("s1", 1, address(1), 2)
        .mac_route("s1", 1, address(1), 2, ip="10.1.0.9")
    )
    scene.passes(5).mac_route("s1", 1, address(1), ip="10.1.0.9", op="delete").passes(5)

    outcome = play(scene)

    assert (outcome.findings, outcome.history) == ([], [])
    assert outcome.locations[0]["location"] == address(1)


@pytest.mark.parametrize(
    "gateway",
    [
        0x00005E000101,  # VRRP, IPv4
        0x00005E0002FF,  # VRRP, IPv6
        0x00000C07AC0A,  # HSRP, version 1
        0x00000C9FF00A,  # HSRP, version 2
        0x00000C9FFFFF,
        0x000573A00FFF,  # HSRP, IPv6
        0x01005E000005,  # multicast
        0xFFFFFFFFFFFF,  # broadcast
        0,
    ],
)
def test_macs_that_belong_to_no_host_never_count(gateway: int) -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(8):
        scene.mac_route("s1", 0, address(1 + move % 2), move, mac=gateway).passes(10)

    outcome = play(scene)

    assert (outcome.findings, outcome.locations) == ([], [])


def test_routes_with_the_default_gateway_community_claim_nothing() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(8):
        scene.mac_route("s1", 1, address(1 + move % 2), move, default_gateway=True).passes(10)

    outcome = play(scene)

    assert (outcome.findings, outcome.locations) == ([], [])


def test_a_route_of_the_router_s_mac_it_carries_claims_nothing() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(8):
        scene.mac_route("s1", 1, address(1 + move % 2), move, router_mac=mac(1)).passes(10)

    outcome = play(scene)

    assert (outcome.findings, outcome.locations) == ([], [])


def test_a_host_s_route_that_carries_its_router_s_mac_counts() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(6):
        scene.mac_route("s1", 1, address(1 + move % 2), move, router_mac=mac(90 + move % 2)).passes(20)

    assert play(scene).rules() == ["M2"]


@pytest.mark.parametrize(
    "host",
    [
        0x00005E000001,  # beside VRRP
        0x00005E0003FF,
        0x00000C07AD00,  # beside HSRP
        0x00000C9FEFFF,
        0x00000CA00000,
        0x0005739FFFFF,
        0x000573A01000,
        1,
        0xFEFFFFFFFFFF,
    ],
)
def test_the_numbers_beside_those_of_gateways_and_groups_are_hosts(host: int) -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(6):
        scene.mac_route("s1", 0, address(1 + move % 2), move, mac=host).passes(20)

    assert play(scene).rules() == ["M2"]


@pytest.mark.parametrize(
    ("host", "random"), [(0x020000000001, True), (0xFE0000000001, True), (0x5C0000000001, False)]
)
def test_a_locally_administered_mac_counts_as_any_other_and_is_called_random(
    host: int, *, random: bool
) -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(6):
        scene.mac_route("s1", 0, address(1 + move % 2), move, mac=host).passes(20)

    outcome = play(scene)

    assert outcome.rules() == ["M2"]
    assert {json.loads(one["evidence"])["random_mac"] for one in outcome.findings} == {random}


def test_one_mac_in_two_vnis_is_two_macs() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(8):
        vni, pe = (1010, 1) if move % 2 else (1020, 2)
        scene.mac_route("s1", 1, address(pe), 0, vni=vni, rd=f"{address(pe)}:{vni}").passes(10)

    outcome = play(scene)

    assert outcome.findings == []
    assert [(row["vni"], row["location"]) for row in outcome.locations] == [
        (1010, address(1)),
        (1020, address(2)),
    ]


def test_withdrawn_and_announced_again_in_place_is_no_move() -> None:
    scene = Scene().joins("s1").passes(1)
    for _ in range(6):
        scene.mac_route("s1", 1, address(1), 2).passes(10).mac_route("s1", 1, address(1), op="delete").passes(
            5
        )

    assert play(scene).findings == []


def test_a_monitor_that_loses_its_spine_and_hears_all_again_saw_no_move() -> None:
    scene = Scene().joins("s1", "monitor").passes(1)
    for number in range(20):
        for device in ("s1", "monitor"):
            scene.mac_route(device, number, address(1 + number % 3), 1)
    scene.passes(10)
    for number in range(20):
        scene.mac_route("monitor", number, address(1 + number % 3), op="delete")
    scene.passes(10)
    for number in range(20):
        scene.mac_route("monitor", number, address(1 + number % 3), 1)

    assert play(scene.passes(5)).findings == []


def test_a_resync_that_shows_other_places_counts_for_no_move_rule() -> None:
    scene = Scene()
    for round_ in range(6):
        with scene.dump("s1"):
            scene.mac_route("s1", 1, address(1 + round_ % 2), round_)
        scene.passes(20)

    outcome = play(scene)

    assert {"M1", "M2", "M3"}.isdisjoint(rules_of(outcome))


def test_rows_older_than_the_lateness_count_for_nothing() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1), 0)
    for move in range(1, 8):
        scene.passes(5)
        with scene.received(scene.now + 11):
            scene.mac_route("s1", 1, address(1 + move % 2), move)
            scene.mac_route("s1", 1, address(2 - move % 2), op="delete")
    records = sorted(scene.passes(20).records, key=lambda one: one.at if one.recv is None else one.recv)

    outcome = play(records)

    assert outcome.findings == []
    assert outcome.locations[0]["mobility_seq"] == 7


def test_without_steps_there_are_no_findings_but_all_columns() -> None:
    steps = pl.DataFrame(
        schema={
            **STEP_FRAME, "vni": pl.UInt32, "evi": pl.UInt32, "mac": pl.UInt64,
            "name": pl.String, "old_name": pl.String, "claim_name": pl.String,
        }
    )  # fmt: skip

    assert list(by_limits(moves(steps), Settings())) == []
    assert detect(moves(steps)).schema == FINDING
    assert detect(moves(steps)).is_empty()


def test_a_mac_of_an_mpls_fabric_is_told_by_its_evi() -> None:
    scene = Scene().joins("s1").passes(1)
    for move in range(6):
        scene.mac_route(
            "s1", 1, address(1 + move % 2), move,
            vni=100000 + move, encapsulation="mpls", route_targets="65000:77",
        ).passes(20)  # fmt: skip

    [incident] = play(scene).of("M2")

    assert "in EVI 77 moved" in incident["summary"]
    assert incident["vni"] is None


# A law: the catalogue's sentences, word for word, in plain Python.


def migration(burst: Sequence[float]) -> bool:
    """Whether moves between two places that are over look like a migration, not like there and back."""
    return burst[-1] - burst[0] <= 10 and len(burst) <= 6 and len(burst) != 2


def verdicts(times: Sequence[float]) -> list[str]:
    """The rule that holds at each move of a MAC between two places."""
    bursts: list[list[float]] = []
    told = []
    for now in times:
        if bursts and now - bursts[-1][-1] < 30:
            bursts[-1].append(now)
        else:
            bursts.append([now])
        *over, current = bursts
        moves = current if now - current[0] > 10 else [now]
        moves = [*moves, *(at for burst in over for at in (burst[-1:] if migration(burst) else burst))]

        def count(window: float, now: float = now, moves: Sequence[float] = moves) -> int:
            return sum(now - window < at <= now for at in moves)

        told.append("M2" if count(180) >= 5 else "M3" if count(60) >= 3 else "M1")
    return told


gaps = st.sampled_from([1.0, 2.0, 4.0, 9.5, 10.0, 10.5, 19.5, 20.0, 29.5, 30.0, 44.5, 45.0, 60.0, 100.0])


@settings(max_examples=25)
@given(st.lists(gaps, min_size=1, max_size=14))
@example([1.0, 44.5, 44.5, 44.5, 44.5])
@example([1.0, 45.0, 45.0, 45.0, 45.0])
@example([1.0, 4.0, 4.0, 2.0, 30.0, 1.0])
def test_the_strongest_rule_at_each_move_is_the_one_the_definitions_give(gaps: list[float]) -> None:
    times = [1.0]
    for gap in gaps:
        times.append(times[-1] + gap)

    outcome = play(moving(times[1:]))

    assert [(one["time"], one["rule"]) for one in outcome.found("M1", "M2", "M3")] == [
        (at, rule) for at, rule in zip(times[1:], verdicts(times[1:]), strict=True)
    ]
