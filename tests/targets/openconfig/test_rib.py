import pytest

from targets.openconfig import rib
from targets.openconfig.rib import Attributes, Nlri, Path, RouteType
from targets.tree import elements, entry_of

ESI = "03443839ffff01000001"


def keys(nlri: Nlri) -> dict[str, str]:
    return list(elements(rib.route_entry("10.0.0.1:2", nlri)))[-1][1]


@pytest.mark.parametrize(
    ("nlri", "expected"),
    [
        (Nlri(RouteType.ETHERNET_AD, 7, esi=ESI), {"esi": ESI, "ethernet-tag": "7"}),
        (
            Nlri(RouteType.MAC_IP, mac="02:aa:00:00:10:01"),
            {
                "ethernet-tag": "0",
                "mac-address": "02:aa:00:00:10:01",
                "mac-length": "48",
                "ip-prefix": "0.0.0.0/32",
                "ip-length": "0",
            },
        ),
        (
            Nlri(RouteType.MAC_IP, mac="02:aa:00:00:10:01", ip="fd00::1"),
            {
                "ethernet-tag": "0",
                "mac-address": "02:aa:00:00:10:01",
                "mac-length": "48",
                "ip-prefix": "fd00::1/128",
                "ip-length": "128",
            },
        ),
        (
            Nlri(RouteType.MULTICAST, ip="10.255.1.1"),
            {"ethernet-tag": "0", "originating-router-ip": "10.255.1.1/32", "originator-ip-length": "32"},
        ),
        (
            Nlri(RouteType.SEGMENT, esi=ESI, ip="fd00::1"),
            {"esi": ESI, "originating-router-ip": "fd00::1/128", "originator-ip-length": "128"},
        ),
        (
            Nlri(RouteType.PREFIX, ip="192.0.2.0", prefix_length=24),
            {"ethernet-tag": "0", "ip-prefix-length": "24", "ip-prefix": "192.0.2.0/24"},
        ),
    ],
)
def test_each_route_type_has_the_keys_of_its_list(nlri: Nlri, expected: dict[str, str]) -> None:
    assert keys(nlri) == expected


def path(**changes: object) -> Path:
    attributes = Attributes(next_hop="10.255.1.1", as_path="65100 65001", origin="IGP")
    return Path(**{"peer": "10.0.0.1", "path_id": 0, "attributes": attributes, "communities": (), **changes})  # type: ignore[arg-type]  # a test's own keywords


def test_a_path_points_to_rows_that_are_there() -> None:
    route = rib.route_entry("10.0.0.1:2", Nlri(RouteType.MULTICAST, ip="10.255.1.1"))
    one = path(communities=(b"12345678",))
    leaves, rows = rib.path_leaves(route, one), rib.joined_leaves(one)
    attr = next(value for leaf, value in leaves.items() if leaf.endswith("/attr-index"))
    ext = next(value for leaf, value in leaves.items() if leaf.endswith("/ext-community-index"))
    assert {entry_of(row).split("/as-path/")[0] for row in rows} == {
        f"{rib.ATTR_SETS}/attr-set[index={attr!r}]",
        f"{rib.EXT_COMMUNITIES}/ext-community[index={ext!r}]",
    }


def test_a_path_without_communities_points_to_none() -> None:
    leaves = rib.path_leaves("/r", path())
    assert not [leaf for leaf in leaves if leaf.endswith("/ext-community-index")]


def test_the_index_follows_the_content_alone() -> None:
    first, again = path().attributes, path().attributes
    other = Attributes(next_hop="10.255.1.2", as_path="65100 65001", origin="IGP")
    assert rib.attr_set(first)[0] == rib.attr_set(again)[0] != rib.attr_set(other)[0]
    assert rib.attr_set(first)[0] == 16364643313451198401  # stable over processes, machines and releases


def test_null_attributes_leave_no_leaf() -> None:
    _, row = rib.attr_set(Attributes(next_hop=None))
    assert row == {}


@pytest.mark.parametrize(
    ("printed", "segments"),
    [
        ("", []),
        ("65100 65001", [("AS_SEQ", (65100, 65001))]),
        ("65100 {65001,65002} 7", [("AS_SEQ", (65100,)), ("AS_SET", (65001, 65002)), ("AS_SEQ", (7,))]),
        ("(64512 64513) 65001", [("AS_CONFED_SEQUENCE", (64512, 64513)), ("AS_SEQ", (65001,))]),
        ("[64512,64513]", [("AS_CONFED_SET", (64512, 64513))]),
    ],
)
def test_an_as_path_is_told_by_segments(printed: str, segments: list[tuple[str, tuple[int, ...]]]) -> None:
    assert list(rib.as_segments(printed)) == segments
