"""Extended communities and AS paths, octet by octet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode import decode
from pipeline.schema import BGP_EXT_COMMUNITY
from tests.pipeline.decode.said import batch, down, json_ietf, notification, proto, record

RIB = [
    ("network-instances", {}),
    ("network-instance", {"name": "default"}),
    ("protocols", {}),
    ("protocol", {"identifier": "BGP", "name": "b"}),
    *down("bgp", "rib"),
]
COMMUNITIES = [
    *RIB,
    ("ext-communities", {}),
    ("ext-community", {"index": "9"}),
    *down("state", "ext-community"),
]
SEGMENT = [*RIB, ("attr-sets", {}), ("attr-set", {"index": "7"}), ("as-path", {})]
LEAVES = list(BGP_EXT_COMMUNITY.leaves)


def leaves_of(items: list[Any]) -> dict[str, Any]:
    decoded = decode(batch([record(notification([(COMMUNITIES, proto(items))]))]))
    assert decoded.dead.is_empty()
    (row,) = decoded.tables["bgp_ext_community"].to_dicts()
    return {name: row[name] for name in LEAVES if row[name] is not None}


@pytest.mark.parametrize(
    ("octets", "leaves"),
    [
        ("0600000000000000", {"mobility_seq": 0, "sticky": False}),
        ("06000000ffffffff", {"mobility_seq": 2**32 - 1, "sticky": False}),
        ("0600010000000000", {"mobility_seq": 0, "sticky": True}),
        ("0600fe0000000001", {"mobility_seq": 1, "sticky": False}),
        ("0601000000000010", {"single_active": False, "esi_label": 1}),
        ("060101000000000f", {"single_active": True, "esi_label": 0}),
        ("0601010000fffff0", {"single_active": True, "esi_label": 2**20 - 1}),
        ("0602001122334455", {"es_import": 0x001122334455}),
        ("0603001b21aabbcc", {"router_mac": 0x001B21AABBCC}),
        ("060600000000ffff", {"df_algorithm": 0, "df_capabilities": 0}),
        ("0606010001000000", {"df_algorithm": 1, "df_capabilities": 1}),
        ("0606e24001007fff", {"df_algorithm": 2, "df_capabilities": 0x4001, "df_preference": 32767}),
        ("0606030000000000", {"df_algorithm": 3, "df_capabilities": 0, "df_preference": 0}),
        ("030d000000000000", {"default_gateway": True}),
        ("030c000000000008", {"encapsulation": "vxlan"}),
        ("030c00000000000a", {"encapsulation": "mpls"}),
        ("030c0000000003e7", {"encapsulation": "tunnel-type-999"}),
        ("0002fde8000003f2", {"route_targets": "65000:1010"}),
        ("01020a00000b03f2", {"route_targets": "10.0.0.11:1010"}),
        ("0202fa56ea0003f2", {"route_targets": "4200000000:1010"}),
        ("0003fde800000001", {"other": "0003fde800000001"}),
        ("4002fde8000003f2", {"other": "4002fde8000003f2"}),
        ("0604000000000000", {"other": "0604000000000000"}),
    ],
)
def test_eight_octets_become_leaves(octets: str, leaves: dict[str, Any]) -> None:
    assert leaves_of([bytes.fromhex(octets)]) == leaves


def test_targets_tunnels_and_the_rest_are_sorted_and_told_once() -> None:
    items = [
        "route-target:65000:2",
        "route-target:65000:10",
        "route-target:65000:2",
        "color:00:100",
        b"\x00\x03" + bytes(6),
    ]
    assert leaves_of(items) == {"route_targets": "65000:10 65000:2", "other": "0003000000000000 color:00:100"}


def test_an_empty_list_clears_every_leaf() -> None:
    decoded = decode(batch([record(notification([(COMMUNITIES, proto([]))]))]))
    assert decoded.tables["bgp_ext_community"]["cleared"].to_list() == [(1 << len(LEAVES)) - 1]


@pytest.mark.parametrize("items", [[b"1234567"], ["AAAA"], ["nothing"], [7], [""]])
def test_a_list_with_what_is_no_community_is_left_out_as_a_whole(items: list[Any]) -> None:
    decoded = decode(batch([record(notification([(COMMUNITIES, proto([b"\x06\x00" + bytes(6), *items]))]))]))
    (row,) = decoded.tables["bgp_ext_community"].to_dicts()
    assert (row["mobility_seq"], row["cleared"]) == (None, 0)
    assert "ext-community" in decoded.dead["reason"][0]


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=4))
def test_no_community_is_dropped(items: list[bytes]) -> None:
    told = leaves_of(list(items))
    assert bool(told) == bool(items)
    for item in items:
        if item[:1] not in (b"\x00", b"\x01", b"\x02", b"\x03", b"\x06"):
            assert item.hex() in told["other"].split()


def as_path(*segments: tuple[str, str | None, Any]) -> Any:
    updates = []
    for index, kind, member in segments:
        base = [*SEGMENT, ("as-segment", {"index": index}), ("state", {})]
        if kind is not None:
            updates.append(([*base, ("type", {})], proto(kind)))
        updates.append(([*base, ("member", {})], proto(member)))
    decoded = decode(batch([record(notification(updates))]))
    return decoded.tables["bgp_attr_set"]["as_path"].to_list(), decoded.dead["reason"].to_list()


def test_segments_stand_in_the_order_of_their_keys_whatever_was_told_first() -> None:
    paths, dead = as_path(("10", "AS_SET", [3, 4]), ("9", "AS_SEQ", [65001, 65002]), ("2", None, 65000))
    assert (paths, dead) == (["65000 65001 65002 {3 4}"], [])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("AS_SEQ", "1 2"),
        ("AS_SET", "{1 2}"),
        ("AS_CONFED_SEQUENCE", "(1 2)"),
        ("openconfig-bgp-types:AS_CONFED_SET", "[1 2]"),
    ],
)
def test_each_kind_of_segment_has_its_brackets(kind: str, text: str) -> None:
    assert as_path(("0", kind, [1, 2])) == ([text], [])


@pytest.mark.parametrize("segment", [("0", "AS_LOOP", [1]), ("0", "AS_SEQ", ["x"]), ("x", "AS_SEQ", [1])])
def test_a_path_with_an_unreadable_segment_is_left_out_as_a_whole(
    segment: tuple[str, str, list[Any]],
) -> None:
    paths, dead = as_path(("1", "AS_SEQ", [65000]), segment)
    assert paths == [None]
    assert "as-segment" in dead[0]


def test_members_of_a_keyless_list_stand_in_their_order() -> None:
    value = {"as-segment": [{"state": {"type": "AS_SET", "member": [2]}}, {"state": {"member": ["1"]}}]}
    decoded = decode(batch([record(notification([(SEGMENT, json_ietf(value))]))]))
    assert decoded.tables["bgp_attr_set"]["as_path"].to_list() == ["{2} 1"]
