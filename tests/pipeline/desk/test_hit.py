"""Who is hit, now and by the next failure, by an incident and what follows from it."""

from typing import Any

from pipeline.desk.hit import who_is_hit
from pipeline.desk.seen import Seen
from tests.pipeline.desk.test_seen import seen

SEGMENT = "03:44:38:39:ff:ff:00:00:00:01"


def told(*incidents: Seen) -> list[str]:
    return list(who_is_hit(incidents[0], incidents))


def lag(**more: Any) -> Seen:
    return seen("lag", rule="L2", esi=None, device="leaf-1", interface="po1", **more)


def below(key: str, rule: str, **more: Any) -> Seen:
    return seen(key, rule=rule, root_incident_id="lag", **more)


def test_a_segment_with_one_leg_left_is_at_risk_and_nobody_is_hit() -> None:
    leg = below("leg", "R4", esi=SEGMENT, evidence={"left": 1, "macs": 412})
    assert told(lag(), leg) == [
        "nobody now, as far as the rules tell",
        f"at risk: Ethernet segment {SEGMENT}; 412 MACs counted",
    ]


def test_while_nobody_fresh_can_tell_it_is_unknown_whether_anybody_is_hit() -> None:
    leg = below("leg", "R4", esi=SEGMENT, coverage=0.0, evidence={"left": 1, "macs": 412})
    assert told(lag(), leg) == [
        "whether anybody is hit now is unknown: nobody who could tell is fresh",
        f"at risk: Ethernet segment {SEGMENT}; 412 MACs counted",
    ]


def test_macs_of_a_segment_with_two_legs_left_are_not_what_the_next_failure_takes() -> None:
    leg = below("leg", "R4", esi=SEGMENT, evidence={"left": 2, "macs": 412})
    assert told(lag(), leg)[1] == f"at risk: Ethernet segment {SEGMENT}"


def test_a_segment_without_a_leg_is_hit_now() -> None:
    down = below("down", "R5", esi=SEGMENT, evidence={"left": 0, "macs": 1})
    assert told(lag(), down) == [f"now: Ethernet segment {SEGMENT}; 1 MAC counted"]


def test_a_vni_that_no_leaf_serves_is_hit_and_one_that_survives_on_one_is_at_risk() -> None:
    gone = below("gone", "R19", esi=None, vni=1010, tenant="blue", evidence={"left": 0, "macs": None})
    alone = below("alone", "R19", esi=None, vni=1020, tenant="blue", evidence={"left": 1, "macs": 7})
    assert told(lag(), gone, alone) == [
        "now: tenant blue; in VNI 1010",
        "at risk: 7 MACs counted; in VNI 1020",
    ]


def test_what_is_resolved_counts_only_when_all_is_over() -> None:
    over = below("down", "R5", esi=SEGMENT, state="resolved", evidence={"left": 0, "macs": 3})
    assert told(lag(), over) == ["leaf-1, interface po1; the rule tells no more"]
    assert told(lag(state="resolved"), over) == [f"were hit: Ethernet segment {SEGMENT}; 3 MACs counted"]


def test_of_many_the_first_are_named_and_a_vtep_is_named_once() -> None:
    fallen = seen(
        "fall", rule="V11", esi=None, device="spine-1", evidence={"vteps": ["10.0.0.1", "10.0.0.2"]}
    )
    lost = seen("lost", rule="V1", root_incident_id="fall", esi=None, vtep="10.0.0.1", device="leaf-1")
    macs = [
        seen(f"m{n}", rule="M13", root_incident_id="fall", esi=None, vni=9, mac=f"00:00:00:00:00:0{n}")
        for n in range(6)
    ]
    [line] = told(fallen, lost, *macs)
    assert line.startswith("now: VTEPs 10.0.0.1 (leaf-1), 10.0.0.2; MACs 00:00:00:00:00:00, ")
    assert line.endswith(", 00:00:00:00:00:03 and 2 more; in VNI 9")


def test_that_a_device_is_silent_says_nothing_of_who_is_hit() -> None:
    assert told(seen("mute", rule="X1", esi=None, device="leaf-1")) == ["leaf-1; the rule tells no more"]


def test_routes_without_encapsulation_hit_those_who_refuse_them() -> None:
    bare = seen(
        "bare", rule="V5", severity="warning", esi=None, device="spine-1",
        evidence={"vteps": ["10.0.0.1", "10.0.0.2"]},
    )  # fmt: skip
    strict = seen(
        "strict", rule="V2", root_incident_id="bare", esi=None, device="leaf-4",
        evidence={"leaves": ["leaf-4"], "vteps": ["10.0.0.1"], "vnis": ["1010"], "devices": ["spine-1"]},
    )  # fmt: skip
    assert told(bare, strict) == [
        "now: device leaf-4; VTEP 10.0.0.1; in VNI 1010",
        "at risk: VTEP 10.0.0.2",
    ]


def test_two_forwarders_hit_the_domains_they_forward() -> None:
    dual = seen("df", rule="R2", esi=SEGMENT, evidence={"forward": {"VNI 1010": ["a", "b"]}, "nobody": []})
    assert told(dual) == [f"now: Ethernet segment {SEGMENT}; in VNI 1010"]


def test_names_from_outside_are_no_harm_to_a_terminal() -> None:
    wild = seen("wild", rule="V1", esi=None, vtep="10.0.0.1", device="leaf\x1b[2J")
    assert "\x1b" not in told(wild)[0]
