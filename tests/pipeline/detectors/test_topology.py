"""Who is connected to whom: from function and addresses, never from names."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detectors.topology import ENDS, Address, adjacencies

LEAVES = {"l1", "l2"}


def ends(
    neighbors: list[tuple[str, str]], addresses: list[Address], leaves: set[str] = LEAVES
) -> list[tuple[Any, ...]]:
    frame = adjacencies(neighbors, addresses, leaves)
    assert frame.schema == ENDS
    return sorted(frame.rows())


def link(version: int, leaf: str = "l1", spine: str = "s1", net: int = 1) -> list[Address]:
    if version == 4:
        return [
            Address(leaf, f"up{net}", f"10.0.{net}.0", 31),
            Address(spine, f"down{net}", f"10.0.{net}.1", 31),
        ]
    return [
        Address(leaf, f"up{net}", f"2001:db8:{net}::a", 64),
        Address(spine, f"down{net}", f"2001:db8:{net}::b", 64),
    ]


@pytest.mark.parametrize("version", [4, 6])
def test_a_session_between_a_leaf_and_a_spine_has_two_ends(version: int) -> None:
    leaf, spine = link(version)

    found = ends([("l1", spine.address), ("s1", leaf.address)], [leaf, spine])

    assert [row for row in found if row[3] == "session"] == [
        ("l1", "s1", True, "session", 0, "l1", spine.address),
        ("l1", "s1", True, "session", 0, "s1", leaf.address),
    ]


def test_a_neighbour_whose_owner_nobody_knows_goes_by_its_address() -> None:
    assert ends([("l1", "10.9.9.9")], []) == [("l1", "10.9.9.9", False, "session", 0, "l1", "10.9.9.9")]


@pytest.mark.parametrize("address", ["10.255.0.9", "fe80::1"])
@pytest.mark.parametrize("others", [("s1", "s2"), ("s2", "s1"), ("l2", "s1"), ("s1", "l2")])
def test_an_address_of_two_devices_has_no_owner(address: str, others: tuple[str, str]) -> None:
    shared = [Address(device, "lo1", address, None) for device in others]

    assert ends([("l1", address)], shared) == [("l1", address, False, "session", 0, "l1", address)]


def test_an_address_on_two_interfaces_of_one_device_is_that_device_s() -> None:
    twice = [Address("s1", interface, "10.255.0.9", 32) for interface in ("lo1", "lo2")]

    assert ends([("l1", "10.255.0.9")], twice)[0][:3] == ("l1", "s1", True)


def test_an_anycast_address_makes_no_link() -> None:
    shared = [Address(device, "up1", "10.1.0.0", 31) for device in ("l1", "l2")]

    assert ends([], [*shared, Address("s1", "down1", "10.1.0.1", 31)]) == []


LOOPBACKS = [
    Address(device, "lo", f"10.255.0.{at}", 32) for at, device in enumerate(("l1", "l2", "s1", "s2"), 1)
]


def test_sessions_between_spines_are_none() -> None:
    assert ends([("s1", "10.255.0.4"), ("s2", "10.255.0.3")], LOOPBACKS) == []


@pytest.mark.parametrize("other", [("l1", "10.255.0.3"), ("s1", "10.255.0.1"), ("l1", "10.9.9.9")])
def test_a_session_between_leaves_is_none_to_a_leaf_that_has_others(other: tuple[str, str]) -> None:
    found = ends([("l1", "10.255.0.2"), ("l2", "10.255.0.1"), other], LOOPBACKS)

    assert [row[:2] for row in found if row[1] in LEAVES] == [("l2", "l1"), ("l2", "l1")]


def test_a_session_between_leaves_that_have_no_others_is_one_to_both() -> None:
    assert ends([("l1", "10.255.0.2"), ("l2", "10.255.0.1")], LOOPBACKS) == [
        ("l1", "l2", True, "session", 0, "l1", "10.255.0.2"),
        ("l1", "l2", True, "session", 0, "l2", "10.255.0.1"),
        ("l2", "l1", True, "session", 0, "l1", "10.255.0.2"),
        ("l2", "l1", True, "session", 0, "l2", "10.255.0.1"),
    ]


def test_a_session_of_a_leaf_with_itself_is_none() -> None:
    assert ends([("l1", "10.255.0.1")], LOOPBACKS) == []


@pytest.mark.parametrize("version", [4, 6])
def test_parallel_sessions_are_matched_end_by_end(version: int) -> None:
    links = [link(version, net=net) for net in (2, 10)]
    neighbors = [
        (device, address) for a, b in links for device, address in (("l1", b.address), ("s1", a.address))
    ]

    found = [row for row in ends(neighbors, [*links[0], *links[1]]) if row[3] == "session"]

    pairs = {(row[4], row[5]): row[6] for row in found}
    assert pairs == {
        (0, "l1"): links[0][1].address, (0, "s1"): links[0][0].address,
        (1, "l1"): links[1][1].address, (1, "s1"): links[1][0].address,
    }  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_a_subnet_of_a_leaf_and_a_spine_is_a_link(version: int) -> None:
    assert [row[:4] + row[5:] for row in ends([], link(version))] == [
        ("l1", "s1", True, "link", "l1", "up1"),
        ("l1", "s1", True, "link", "s1", "down1"),
    ]


def test_a_subnet_of_two_leaves_or_of_three_devices_is_no_uplink() -> None:
    hosts = [Address(device, "vlan10", f"10.1.0.{at}", 24) for at, device in enumerate(("l1", "l2"), 1)]

    assert ends([], hosts) == []
    assert ends([], [*hosts, Address("s1", "vlan10", "10.1.0.9", 24)]) == []


def test_two_addresses_of_one_device_in_one_subnet_are_no_link() -> None:
    assert ends([], [Address("l1", "a", "10.1.0.1", 24), Address("l1", "b", "10.1.0.2", 24)]) == []


@pytest.mark.parametrize(
    ("address", "length"),
    [
        ("10.0.0.1", 32),
        ("2001:db8::1", 128),
        ("fe80::1", 64),
        ("169.254.0.1", 16),
        ("10.0.0.1", None),
        ("eth0", 24),
    ],
)
def test_loopbacks_and_link_local_addresses_make_no_link(address: str, length: int | None) -> None:
    both = [Address("l1", "a", address, length), Address("s1", "b", address, length)]

    assert ends([], both) == []


def test_a_device_that_is_no_leaf_any_more_has_no_uplinks() -> None:
    assert ends([], link(4), leaves=set()) == []


def test_of_nothing_comes_nothing() -> None:
    assert ends([], []) == []


names = st.permutations(["l1", "l2", "s1", "s2"])


@settings(max_examples=30)
@given(names)
def test_names_mean_nothing(renamed: list[str]) -> None:
    name = dict(zip(["l1", "l2", "s1", "s2"], renamed, strict=True))
    addresses = [
        *link(4, "l1", "s1", 1), *link(4, "l1", "s2", 2), *link(4, "l2", "s1", 3), *link(6, "l2", "s2", 4)
    ]  # fmt: skip
    neighbors = [(a.device, b.address) for a, b in zip(addresses[::2], addresses[1::2], strict=True)]

    def other(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (name[row[0]], name[row[1]], *row[2:5], name[row[5]], row[6])

    assert ends(
        [(name[device], address) for device, address in neighbors],
        [entry._replace(device=name[entry.device]) for entry in addresses],
        {name[leaf] for leaf in LEAVES},
    ) == sorted(other(row) for row in ends(neighbors, addresses))
