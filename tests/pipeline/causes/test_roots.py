"""One root for what has one cause: the earliest evidence that explains the rest, in any order of arrival."""

from itertools import permutations
from typing import Any

import pytest

from pipeline.causes.dependence import Dependence, End, Topology
from pipeline.causes.explains import OVER, WITHIN, handicap
from pipeline.causes.roots import DECIDED_AFTER, Roots, Seen

SECOND = 1_000_000
ESI = "03:44:38:39:ff:ff:00:00:00:01"


def fabric() -> Dependence:
    """Return two leaves and two spines; a segment on both leaves, behind po1."""
    ends = [
        End(one, thing, kind, other)
        for leaf in (1, 2)
        for spine in (1, 2)
        for kind in ("link", "session")
        for one, thing, other in (
            (f"leaf-{leaf}", f"eth{spine}" if kind == "link" else f"10.0.0.{spine}", f"spine-{spine}"),
            (f"spine-{spine}", f"eth{leaf}" if kind == "link" else f"10.1.0.{leaf}", f"leaf-{leaf}"),
        )
    ]
    owners = {f"10.1.0.{leaf}": f"leaf-{leaf}" for leaf in (1, 2)}
    servers = {ESI: frozenset({"leaf-1", "leaf-2"})}
    return Dependence(
        Topology(tuple(ends), owners, servers, {("leaf-1", "po1"): ESI}, frozenset(servers[ESI]))
    )


def incident(
    rule: str,
    *at: float,
    until: float | None = None,
    told: float | None = None,
    evidence: dict[str, Any] | None = None,
    **subject: Any,
) -> Seen:
    topology = fabric()
    name = f"{rule} {' '.join(map(str, subject.values()))}"
    return Seen(
        incident_id=name,
        rule=rule,
        anchors=tuple(round(one * SECOND) for one in at),
        detected_at=round((at[0] if told is None else told) * SECOND),
        ends=() if until is None else (round(until * SECOND),),
        about=topology.about(subject),
        own=topology.own(subject, evidence or {}),
    )


def roots(*incidents: Seen) -> dict[str, str | None]:
    found = Roots()
    found.revise(incidents, [], fabric, max(it.anchors[-1] for it in incidents))
    return {it.incident_id: found.root_of(it.incident_id) for it in incidents}


def test_a_leaf_that_is_cut_off_explains_what_was_lost_with_it() -> None:
    cut_off = incident("R15", 100, device="leaf-1")
    lost = [
        incident("V1", 103, vtep="10.1.0.1", device="leaf-1"),
        incident("R4", 103, esi=ESI),
        incident("X1", 115, device="leaf-1"),
        incident("R19", 104, vni=10, evidence={"devices": ["leaf-1"]}),
        incident("V17", 101, device="spine-1", peer="10.1.0.1"),
        incident("L1", 104, device="spine-2", interface="eth1"),
    ]
    assert roots(cut_off, *lost) == {
        "R15 leaf-1": None,
        **dict.fromkeys((it.incident_id for it in lost), "R15 leaf-1"),
    }


def test_what_happens_elsewhere_at_the_same_time_is_not_explained() -> None:
    elsewhere = [
        incident("V1", 103, vtep="10.1.0.2", device="leaf-2"),
        incident("R15", 103, device="leaf-2"),
        incident("M2", 103, vni=10, mac="00:00:5e:00:53:01"),
    ]
    found = roots(incident("R15", 100, device="leaf-1"), *elsewhere)
    assert [found[it.incident_id] for it in elsewhere] == ["R15 leaf-2", None, None]


def test_a_lag_explains_its_segment_and_that_its_other_effects() -> None:
    leg = incident("L2", 100, device="leaf-1", interface="po1")
    segment = incident("R4", 101, esi=ESI)
    score = incident("R19", 102, vni=10, evidence={"devices": ["leaf-1"]})
    assert roots(leg, segment, score)["R4 " + ESI] == "L2 leaf-1 po1"


def test_a_lag_to_hosts_is_no_way_of_its_leaf_to_the_fabric() -> None:
    lag = incident("L2", 100, device="leaf-1", interface="po1")
    uplink = incident("R16", 110, device="leaf-1")
    assert roots(lag, uplink)["R16 leaf-1"] is None


def test_a_port_takes_one_way_from_a_leaf_and_nothing_that_hangs_on_it() -> None:
    port = incident("L1", 100, device="leaf-1", interface="eth1")
    one_way = incident("R16", 101, device="leaf-1")
    vtep = incident("V1", 101, vtep="10.1.0.1", device="leaf-1")
    found = roots(port, one_way, vtep)
    assert found["R16 leaf-1"] == "L1 leaf-1 eth1"
    assert found["V1 10.1.0.1 leaf-1"] in ("R16 leaf-1", "L1 leaf-1 eth1")  # by the leaf, not by the port


def test_a_spine_explains_what_its_leaves_lost_by_it() -> None:
    spine = incident("R16", 100, device="spine-1")
    session = incident("V17", 99, device="leaf-1", peer="10.0.0.1")
    leaf = incident("R15", 104, device="leaf-1")
    found = roots(spine, session, leaf)
    assert len({name for name, root in found.items() if root is None}) == 1
    assert found["R15 leaf-1"] is not None


def test_a_leaf_with_fewer_ways_is_not_why_a_spine_is_lost() -> None:
    leaf, spine = incident("R16", 100, device="leaf-1"), incident("R16", 110, device="spine-1")
    assert set(roots(leaf, spine).values()) == {None}


def test_a_loop_explains_the_macs_of_its_vni_and_no_others() -> None:
    loop = incident("M6", 108, vni=10)
    macs = [incident("M2", 110 + n, vni=10, mac=f"00:00:5e:00:53:0{n}") for n in range(3)]
    other = incident("M2", 110, vni=20, mac="00:00:5e:00:53:09")
    found = roots(loop, *macs, other)
    assert [found[it.incident_id] for it in macs] == [loop.incident_id] * 3
    assert found[other.incident_id] is None


def test_a_duplicate_explains_that_a_device_froze_the_mac_before_it_was_counted() -> None:
    frozen = incident("M13", 100, vni=10, mac="00:00:5e:00:53:01")
    assert roots(frozen, incident("M2", 106, vni=10, mac="00:00:5e:00:53:01"))[frozen.incident_id]


def test_a_loop_explains_what_was_told_of_its_macs_before_there_were_enough() -> None:
    first = incident("M2", 100, vni=10, mac="00:00:5e:00:53:01")
    assert roots(first, incident("M6", 125, vni=10))[first.incident_id]


def test_a_loop_between_two_places_explains_what_their_leaves_say_of_macs() -> None:
    loop = incident("M6", 100, vtep="10.1.0.1", peer="10.1.0.2")
    flag = incident("M13", 101, vni=10, mac="00:00:5e:00:53:01", evidence={"devices": ["leaf-2"]})
    elsewhere = incident("M13", 101, vni=10, mac="00:00:5e:00:53:02", evidence={"devices": ["leaf-9"]})
    found = roots(loop, flag, elsewhere)
    assert found[flag.incident_id] == loop.incident_id
    assert found[elsewhere.incident_id] is None


def test_two_macs_of_one_vni_do_not_explain_each_other() -> None:
    places = {"from_location": "10.1.0.1", "to_location": "10.1.0.2"}
    macs = [incident("M2", 100 + n, vni=10, mac=f"00:00:5e:00:53:0{n}", evidence=places) for n in range(2)]
    assert set(roots(*macs).values()) == {None}


@pytest.mark.parametrize(
    ("cause_at", "cause_until", "explained"),
    [
        (100 - WITHIN.total_seconds(), None, True),
        (99.9 - WITHIN.total_seconds(), None, False),
        (90, 100 - OVER.total_seconds(), True),
        (90, 99.9 - OVER.total_seconds(), False),
        # what a leaf that is cut off takes with it may be told earlier: by the handicap of a segment
        (100 + handicap("R4").total_seconds() - 0.1, None, True),
        (100 + handicap("R4").total_seconds() + 0.1, None, False),
    ],
)
def test_a_cause_is_there_when_the_effect_begins(
    cause_at: float, cause_until: float | None, *, explained: bool
) -> None:
    cause = incident("R15", cause_at, until=cause_until, device="leaf-1")
    effect = incident("R4", 100, esi=ESI)
    assert (roots(cause, effect)[effect.incident_id] is not None) is explained


def test_what_came_back_after_its_effect_still_explains_it() -> None:
    cause = incident("R16", 100, 130, until=115, device="leaf-1")
    assert roots(cause, incident("V1", 100, vtep="10.1.0.1", device="leaf-1"))["V1 10.1.0.1 leaf-1"]


def test_late_evidence_revises_and_much_later_evidence_does_not() -> None:
    effect = incident("R4", 100, esi=ESI)
    limit = 100 + DECIDED_AFTER.total_seconds()
    for told, explained in ((limit, True), (limit + 0.1, False)):
        found = Roots()
        assert found.revise([effect], [], fabric, 100 * SECOND) == set()
        cause = incident("R15", 98, told=told, device="leaf-1")
        revised = found.revise([cause], [], fabric, round(told * SECOND))
        assert (revised == {effect.incident_id}) is explained
        assert (found.root_of(effect.incident_id) == cause.incident_id) is explained


def test_a_cause_that_never_was_explains_nothing_any_more() -> None:
    cause, effect = incident("R15", 98, device="leaf-1"), incident("R4", 100, esi=ESI)
    found = Roots()
    found.revise([cause, effect], [], fabric, 100 * SECOND)
    assert found.revise([], [cause.incident_id], fabric, 105 * SECOND) == {effect.incident_id}
    assert found.root_of(effect.incident_id) is None


def test_what_was_raised_long_after_its_cause_stands_for_itself() -> None:
    cause = incident("R16", 100, device="spine-1")
    effect = incident("R15", 101, 101 + WITHIN.total_seconds(), device="leaf-1")
    assert roots(cause, effect)[effect.incident_id] is None


def test_the_order_of_arrival_and_restarts_change_nothing() -> None:
    incidents = [
        incident("R15", 100, device="leaf-1"),
        incident("V1", 103, told=108, vtep="10.1.0.1", device="leaf-1"),
        incident("R4", 103, 104, told=106, esi=ESI),
        incident("L1", 102, 130, device="leaf-1", interface="eth1"),
        incident("X1", 115, told=130, device="leaf-1"),
    ]
    want = roots(*incidents)
    for order in permutations(incidents):
        found = Roots()
        for one in order:
            again = Roots()
            again.load(found.dump(130 * SECOND))
            found = again
            found.revise([one], [], fabric, 130 * SECOND)
        assert {it.incident_id: found.root_of(it.incident_id) for it in incidents} == want
