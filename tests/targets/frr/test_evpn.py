from typing import Any

import pytest

from targets.frr.documents import NoAnswerError
from targets.frr.evpn import bindings, macs, segments, vnis

MAC = "02:aa:00:00:10:01"
TABLE = (
    f"/network-instances/network-instance[name=vni-1010]/fdb/l2rib/mac-table/entries/entry[mac-address={MAC}]"
)


def told(**entry: Any) -> dict[str, Any]:
    tree = macs({"1010": {"numMacs": 1, "macs": {MAC: entry}}})
    return {path.removeprefix(TABLE + "/"): value for path, value in tree.items()}


def test_a_local_mac_has_the_local_sequence() -> None:
    producer = "producers/producer[producer=LOCAL]/state/"
    assert told(type="local", intf="host1010", localSequence=3, remoteSequence=2, isDuplicate=False) == {
        "state/l2-vni": 1010,
        producer + "seq-number": 3,
        producer + "sticky": False,
    }


def test_a_remote_mac_has_the_remote_sequence() -> None:
    producer = "producers/producer[producer=BGP]/state/"
    assert (
        told(type="remote", remoteVtep="10.255.1.2", localSequence=3, remoteSequence=2)[
            producer + "seq-number"
        ]
        == 2
    )


def test_stickiness_segment_and_the_devices_verdict_are_told() -> None:
    esi = "03:44:38:39:ff:ff:01:00:00:01"
    leaves = told(type="remote", remoteVtep="0.0.0.0", stickyMac=True, isDuplicate=True, esi=esi)
    state = "producers/producer[producer=BGP]/state/"
    assert leaves[state + "sticky"] is True
    assert leaves[state + "mobility-state"] == "DUPLICATE"
    assert leaves[state + "esi"] == "03443839ffff01000001"


def test_a_recording_without_the_verdict_says_nothing_of_it() -> None:
    assert not [leaf for leaf in told(type="local", localSequence=0) if leaf.endswith("mobility-state")]


def test_a_mac_that_only_neighbours_hold_is_nowhere() -> None:
    assert told(type="auto", localSequence=0) == {}


def test_a_vni_without_macs_is_an_answer() -> None:
    assert macs({"1010": {"numMacs": 0}}) == macs({"1010": {"numMacs": 0, "macs": {}}}) == macs({}) == {}


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {"1010": {}}, {"1010": {"numArpNd": 1}}, {"1010": {"macs": {MAC: {"type": "odd"}}}}],
)
def test_what_is_no_mac_table_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        macs(document)


def binding(**changes: Any) -> dict[str, Any]:
    neighbor = {
        "ip": "192.168.10.1",
        "type": "local",
        "state": "active",
        "mac": MAC,
        "localSequence": 1,
        **changes,
    }
    return bindings({"1010": {"numArpNd": 1, "192.168.10.1": neighbor}})


def test_a_binding_is_told_under_its_mac_and_address() -> None:
    assert {path.rpartition("/entries/")[2]: value for path, value in binding(isDuplicate=True).items()} == {
        f"entry[mac-address={MAC}][host-ip=192.168.10.1]/{leaf}": value
        for leaf, value in {
            "state/l2-vni": 1010,
            "producers/producer[producer=LOCAL]/state/seq-number": 1,
            "producers/producer[producer=LOCAL]/state/sticky": False,
            "producers/producer[producer=LOCAL]/state/mobility-state": "DUPLICATE",
        }.items()
    }


def test_an_inactive_binding_is_none() -> None:
    assert binding(state="inactive") == {}


@pytest.mark.parametrize(
    "document", [None, [], {"1010": {"numMacs": 1, "macs": {}}}, {"1010": {"numArpNd": 1, "x": 2}}]
)
def test_what_is_no_table_of_neighbours_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        bindings(document)


def vtep_tree(**changes: Any) -> list[str]:
    tree = vnis([{"vni": 1010, "type": "L2", "vxlanInterface": "vx1010", **changes}])
    return sorted(f"{path.rpartition('/vxlan/')[2]}={value!s}" for path, value in tree.items())


VNI_ALONE = ["endpoint-vnis/endpoint-vni[vni=1010]/state/vni-type=L2"]


@pytest.mark.parametrize(
    ("listed", "peers"),
    [
        ({"numRemoteVteps": ["10.255.1.2", "10.255.1.3"]}, ["10.255.1.2", "10.255.1.3"]),
        ({"numRemoteVteps": ["FD00::2"]}, ["fd00::2"]),
        ({"numRemoteVteps": 1, "remoteVteps": [{"ip": "10.255.1.2", "flood": "HER"}]}, ["10.255.1.2"]),
        ({"numRemoteVteps": 0}, []),
        ({"numRemoteVteps": "none"}, []),
        ({"numRemoteVteps": []}, []),
        ({}, []),
    ],
)
def test_remote_vteps_are_told_in_every_form_and_none_is_an_answer(listed: Any, peers: list[str]) -> None:
    expected = [f"endpoint-peers/endpoint-peer[peer-address={peer}]/state/peer-state=UP" for peer in peers]
    assert vtep_tree(**listed) == sorted(expected + VNI_ALONE)


def test_a_number_of_vteps_without_names_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="names none"):
        vtep_tree(numRemoteVteps=2)


def test_a_layer_3_vni_has_state_and_vrf() -> None:
    tree = vnis([{"vni": 4001, "type": "L3", "vxlanIntf": "vx4001", "state": "Down", "vrf": "tenant"}])
    leaves = {path.rpartition("/state/")[2]: value for path, value in tree.items()}
    assert leaves == {"vni-type": "L3", "vni-state": "DOWN", "l3-vrf-name": "tenant"}


@pytest.mark.parametrize("document", [None, {}, "x", [{"esi": "00"}], [1]])
def test_what_is_no_list_of_vnis_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        vnis(document)


def segment(**changes: Any) -> dict[str, Any]:
    return {
        "esi": "03:44:38:39:ff:ff:01:00:00:01",
        "accessPort": "bond1",
        "flags": ["local", "operUp"],
        "dfPreference": 50000,
        **changes,
    }


def test_an_own_segment_is_told_by_its_port() -> None:
    assert segments([segment()]) == {
        "/ethernet-segments/ethernet-segment[name=bond1]/state/esi": "03443839ffff01000001",
        "/ethernet-segments/ethernet-segment[name=bond1]/state/esi-type": "TYPE_3_MAC_BASED",
        "/ethernet-segments/ethernet-segment[name=bond1]/state/redundancy-mode": "ALL_ACTIVE",
        "/ethernet-segments/ethernet-segment[name=bond1]/state/interface": "bond1",
        "/ethernet-segments/ethernet-segment[name=bond1]/df-election/state/df-election-method": "PREFERENCE",
        "/ethernet-segments/ethernet-segment[name=bond1]/df-election/state/preference": 50000,
    }


@pytest.mark.parametrize(
    ("flags", "vnis_on", "claim"),
    [
        (["readyForBgp", "operUp"], 2, True),
        (["readyForBgp", "operUp", "nonDF"], 2, False),
        (["readyForBgp", "nonDF"], 1, False),
        # the recorded fabric: no VNI is on the segment, so that zebra elects nobody and blocks nothing
        (["readyForBgp", "operUp"], 0, None),
        (["operUp"], 2, None),
    ],
)
def test_who_forwards_is_told_of_a_segment_that_is_ready_and_has_vnis(
    flags: list[str], vnis_on: int, claim: bool | None
) -> None:
    tree = segments([segment(flags=["local", *flags], vniCount=vnis_on)])

    here = "/ethernet-segments/ethernet-segment[name=bond1]/df-election/network-instances"
    state = f"{here}/network-instance[name=default]/state/"
    told = {path.removeprefix(state): value for path, value in tree.items() if path.startswith(here)}
    expected = {"esi": "03443839ffff01000001", "designated-forwarder": claim}
    assert told == ({} if claim is None else expected)


@pytest.mark.parametrize("flags", [[], ["remote"]])
def test_a_segment_of_others_is_no_part_of_the_model(flags: list[str]) -> None:
    assert segments([segment(flags=flags)]) == {}
    without = segment()
    del without["flags"]
    assert segments([without]) == {}


def test_no_segments_is_an_answer() -> None:
    assert segments([]) == {}


@pytest.mark.parametrize(
    "document", [None, {}, [{"vni": 1}], [segment(esi="12:34")], [segment(flags="local")]]
)
def test_what_is_no_list_of_segments_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        segments(document)
