from typing import Any

import pytest

from targets.frr.documents import NoAnswerError
from targets.frr.links import kernel_links, zebra_interfaces

UP = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]


def link(**changes: Any) -> dict[str, Any]:
    return {"ifindex": 7, "ifname": "up1", "flags": UP, "operstate": "UP", **changes}


def interface(**changes: Any) -> dict[str, Any]:
    up = {"administrativeStatus": "up", "operationalStatus": "up", "linkUps": 1, "linkDowns": 2}
    return {**up, "interfaceType": "VETH", **changes}


def leaves(tree: dict[str, Any]) -> dict[str, Any]:
    return {path.removeprefix("/interfaces/interface[name=up1]/"): value for path, value in tree.items()}


@pytest.mark.parametrize(
    ("flags", "operstate", "admin", "oper"),
    [
        (UP, "UP", "UP", "UP"),
        (["NO-CARRIER", "UP"], "DOWN", "UP", "DOWN"),
        (["BROADCAST"], "DOWN", "DOWN", "DOWN"),
        (["LOOPBACK", "UP", "LOWER_UP"], "UNKNOWN", "UP", "UP"),  # drivers without an operational state
        (["UP"], "UNKNOWN", "UP", "UNKNOWN"),
        (["UP"], "LOWERLAYERDOWN", "UP", "LOWER_LAYER_DOWN"),
        (["UP"], "DORMANT", "UP", "DORMANT"),
    ],
)
def test_the_kernels_states_have_their_names(flags: list[str], operstate: str, admin: str, oper: str) -> None:
    told = leaves(kernel_links([link(flags=flags, operstate=operstate)]))
    assert (told["state/admin-status"], told["state/oper-status"]) == (admin, oper)


def test_the_kernels_own_count_of_carrier_changes_is_taken_where_it_is_printed() -> None:
    counted = link(stats64={"rx": {}, "tx": {"carrier_changes": 5}})
    assert leaves(kernel_links([counted]))["state/counters/carrier-transitions"] == 5
    assert "state/counters/carrier-transitions" not in leaves(
        kernel_links([link(stats64={"rx": {}, "tx": {}})])
    )


def test_empty_items_of_iproute2_are_no_links() -> None:
    assert kernel_links([{}, link()]) == kernel_links([link()])


@pytest.mark.parametrize(
    ("changes", "transitions"),
    [
        ({"linkUps": 0, "linkDowns": 0}, 0),
        ({"linkUps": 0, "linkDowns": 1, "operationalStatus": "down"}, 1),
        # "ip link set down" counts as two downs, and nothing is said of the operational state
        ({"linkUps": 0, "linkDowns": 2, "operationalStatus": None, "administrativeStatus": "down"}, 1),
        ({"linkUps": 1, "linkDowns": 1}, 2),
        ({"linkUps": 1, "linkDowns": 2}, 2),
    ],
)
def test_going_and_coming_are_a_carrier_transition_each(changes: dict[str, Any], transitions: int) -> None:
    told = leaves(zebra_interfaces({"up1": interface(**changes)}))
    assert told["state/counters/carrier-transitions"] == transitions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.11.1/31", ("ipv4", "10.0.11.1", 31)),
        ("FD00:0::1/127", ("ipv6", "fd00::1", 127)),
    ],
)
def test_addresses_are_told_by_family(text: str, expected: tuple[str, str, int]) -> None:
    told = leaves(zebra_interfaces({"up1": interface(ipAddresses=[{"address": text}])}))
    family, ip, length = expected
    state = f"subinterfaces/subinterface[index=0]/{family}/addresses/address[ip={ip}]/state/"
    assert (told[state + "ip"], told[state + "prefix-length"]) == (ip, length)


@pytest.mark.parametrize("text", ["fe80::1/64", "169.254.0.1/16"])
def test_link_local_addresses_are_left_out(text: str) -> None:
    told = zebra_interfaces({"up1": interface(ipAddresses=[{"address": text}])})
    assert not [path for path in told if "addresses" in path]


def test_the_member_of_a_bond_names_it_and_the_port_of_a_bridge_does_not() -> None:
    bonded = interface(interfaceSlaveType="Bond", masterInterface="bond1")
    bridged = interface(interfaceSlaveType="Bridge", masterInterface="br1010")
    assert leaves(zebra_interfaces({"up1": bonded}))["ethernet/state/aggregate-id"] == "bond1"
    assert "ethernet/state/aggregate-id" not in leaves(zebra_interfaces({"up1": bridged}))


def test_a_name_with_a_slash_stays_one_key() -> None:
    assert "/interfaces/interface[name=ethernet-1/1]/state/ifindex" in kernel_links(
        [link(ifname="ethernet-1/1")]
    )


@pytest.mark.parametrize("document", [None, {}, "x", [{"dst": "10.0.0.0/31"}], [1]])
def test_what_is_no_list_of_links_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        kernel_links(document)


@pytest.mark.parametrize(
    "document", [None, [], {"10.0.11.0/31": [{}]}, {"1020": {"numMacs": 1}}, {"up1": {}}]
)
def test_what_is_no_table_of_interfaces_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        zebra_interfaces(document)
