from typing import Any

import pytest

from targets.frr.documents import NoAnswerError
from targets.frr.gobgp import Monitor, event, is_withdrawal
from targets.frr.gobgp_values import esi_of
from targets.openconfig import rib
from targets.tree import Delta, Value, patched

RD = {"type": 1, "admin": "10.255.1.1", "assigned": 2}
ENCAPSULATION = {"type": 3, "subtype": 12, "tunnel_type": 8}
TARGET = {"type": 0, "subtype": 2, "value": "65001:1010"}


def item(
    value: dict[str, Any] | None = None,
    *,
    route_type: int = 2,
    neighbor: str = "10.0.90.0",
    communities: tuple[dict[str, Any], ...] = (TARGET, ENCAPSULATION),
    attrs: tuple[dict[str, Any], ...] = (),
    **changes: Any,
) -> dict[str, Any]:
    host = {"esi": "single-homed", "etag": 0, "mac": "02:aa:00:00:10:01", "ip": "<nil>", "labels": [1010]}
    return {
        "nlri": {"type": route_type, "value": {"rd": RD, **(host if value is None else value)}},
        "attrs": [
            {"type": 1, "value": 0},
            {"type": 2, "as_paths": [{"segment_type": 2, "num": 2, "asns": [65100, 65001]}]},
            {"type": 16, "value": list(communities)},
            {"type": 14, "nexthop": "10.255.1.1", "afi": 25, "safi": 70},
            *attrs,
        ],
        "neighbor-ip": neighbor,
        "best": False,
        **changes,
    }


def mobility(sequence: int, *, sticky: bool = False) -> dict[str, Any]:
    return {"type": 6, "subtype": 0, "sequence": sequence, "is_sticky": sticky}


def leaves(delta: Delta) -> dict[str, Value]:
    return {
        path.rpartition("/state/")[2]: value for path, value in delta.updates.items() if "/paths/" in path
    }


def test_an_announcement_is_told_with_its_attributes() -> None:
    delta = Monitor().hear([item()])
    assert {name: leaves(delta)[name] for name in ("esi", "label", "bestpath", "valid-route")} == {
        "esi": "0" * 20,
        "label": "1010",
        "bestpath": True,
        "valid-route": True,
    }
    rows = [value for path, value in delta.updates.items() if "/ext-communities/" in path]
    assert rows == [(bytes.fromhex("0002fde9000003f2"), bytes.fromhex("030c000000000008"))]
    assert not delta.deletes


def test_a_withdrawal_deletes_exactly_that_path_and_the_rows_nobody_uses() -> None:
    monitor = Monitor()
    monitor.hear([item()])
    told = monitor.hear([item(withdrawal=True)])
    assert not told.updates
    routes = [path for path in told.deletes if "/paths/" in path]
    assert len(routes) == 1
    assert routes[0].endswith("[source-address-family=L2VPN_EVPN]")
    assert {path.partition("[")[0].rpartition("/")[2] for path in told.deletes if "/paths/" not in path}
    assert monitor.said == {}


def test_rows_that_another_route_uses_stay() -> None:
    monitor = Monitor()
    other = {"esi": "single-homed", "etag": 0, "mac": "02:aa:00:00:10:02", "ip": "<nil>", "labels": [1010]}
    monitor.hear([item(), item(other)])
    told = monitor.hear([item(withdrawal=True)])
    assert [path for path in told.deletes if "/paths/" not in path] == []


def test_a_withdrawal_of_what_was_never_announced_says_nothing() -> None:
    assert not Monitor().hear([item(withdrawal=True)])
    assert not Monitor().hear([item(isWithdraw=True)])


def test_a_new_announcement_replaces_the_former() -> None:
    monitor = Monitor()
    monitor.hear([item()])
    told = monitor.hear([item(communities=(TARGET, ENCAPSULATION, mobility(1)))])
    assert set(leaves(told)) == {"ext-community-index"}
    assert len([path for path in told.deletes if "/ext-communities/" in path]) == 1


def test_the_best_path_of_another_neighbour_replaces_the_former_too() -> None:
    monitor = Monitor()
    first = monitor.hear([item()])
    told = monitor.hear([item(neighbor="10.0.91.0")])
    tree = patched(first.updates, told)
    assert [path for path in told.deletes if "peer-ip=10.0.90.0" in path]
    assert {path.partition("[peer-ip=")[2].partition("]")[0] for path in tree if "[peer-ip=" in path} == {
        "10.0.91.0"
    }


def test_a_repeated_announcement_says_nothing() -> None:
    monitor = Monitor()
    monitor.hear([item()])
    assert not monitor.hear([item()])


def test_an_announcement_and_its_withdrawal_in_one_line_leave_nothing() -> None:
    monitor = Monitor()
    assert not monitor.hear([item(), item(withdrawal=True)])
    assert monitor.said == {}


@pytest.mark.parametrize(
    ("community", "octets"),
    [
        (mobility(30), "060000000000001e"),
        (mobility(0, sticky=True), "0600010000000000"),
        ({"type": 6, "subtype": 0, "is_sticky": False}, "0600000000000000"),
        ({"type": 3, "subtype": 13}, "030d000000000000"),
        ({"type": 6, "subtype": 3, "mac": "ba:81:4c:0b:6d:61"}, "0603ba814c0b6d61"),
        ({"type": 6, "subtype": 1, "label": 0, "is_single_active": True}, "0601010000000000"),
        ({"type": 6, "subtype": 2, "value": "44:38:39:ff:ff:01"}, "0602443839ffff01"),
        ({"type": 1, "subtype": 2, "value": "10.255.1.1:7"}, "01020aff01010007"),
        ({"type": 2, "subtype": 2, "value": "64086.59904:7"}, "0202fa56ea000007"),
        ({"type": 6, "value": "BgIAAAAAZA=="}, "0606020000000064"),
    ],
)
def test_each_community_becomes_its_octets(community: dict[str, Any], octets: str) -> None:
    _, path = event(item(communities=(community,)))
    assert path is not None
    assert path.communities == (bytes.fromhex(octets),)


def test_a_community_of_unknown_form_is_kept_as_text() -> None:
    _, path = event(item(communities=({"type": 9, "what": 1},)))
    assert path is not None
    assert path.communities == ("type=9 what=1",)


@pytest.mark.parametrize(
    ("printed", "esi"),
    [
        ("single-homed", "0" * 20),
        ("ESI_ARBITRARY | 11:22:33:44:55:66:77:88:99", "00112233445566778899"),
        ("ESI_LACP | system mac 44:38:39:ff:ff:01, port key 258", "01443839ffff01010200"),
        ("ESI_MSTP | bridge mac 44:38:39:ff:ff:01, priority 258", "02443839ffff01010200"),
        ("ESI_MAC | system mac 44:38:39:ff:ff:01, local discriminator 1", "03443839ffff01000001"),
        ("ESI_ROUTERID | router id 10.255.1.1, local discriminator 5", "040aff01010000000500"),
        ("ESI_AS | as 65001, local discriminator 5", "050000fde90000000500"),
    ],
)
def test_each_form_of_a_segment_becomes_its_octets(printed: str, esi: str) -> None:
    assert esi_of(printed) == esi


def test_a_segment_of_unknown_form_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="no form"):
        esi_of("ESI_NEW | x")


@pytest.mark.parametrize(
    ("route_type", "value", "key"),
    [
        (1, {"esi": "ESI_MAC | system mac 44:38:39:ff:ff:01, local discriminator 1", "etag": 7, "label": 5},
         "type-one-route[esi=03443839ffff01000001][ethernet-tag=7]"),
        (2, {"esi": "single-homed", "etag": 0, "mac": "02:AA:00:00:10:01", "ip": "fd00::1", "labels": [1010]},
         "[mac-address=02:aa:00:00:10:01][mac-length=48][ip-prefix=fd00::1/128][ip-length=128]"),
        (3, {"etag": 0, "ip": "10.255.1.1"},
         "type-three-route[ethernet-tag=0][originating-router-ip=10.255.1.1/32][originator-ip-length=32]"),
        (4, {"esi": "ESI_MAC | system mac 44:38:39:ff:ff:01, local discriminator 1", "ip": "10.255.1.1"},
         "type-four-route[esi=03443839ffff01000001][originating-router-ip=10.255.1.1/32]"),
        (5, {"esi": "single-homed", "etag": 0, "prefix": "192.0.2.0/24", "gateway": "0.0.0.0", "label": 4001},
         "type-five-route[ethernet-tag=0][ip-prefix-length=24][ip-prefix=192.0.2.0/24]"),
    ],
)  # fmt: skip
def test_each_route_type_has_its_place(route_type: int, value: dict[str, Any], key: str) -> None:
    route, path = event(item(value, route_type=route_type))
    assert key in route
    assert path is not None
    assert path.gateway is None
    assert (path.esi is not None) == (route_type in rib.WITH_ESI)


def test_the_vni_of_a_flooding_route_stands_in_its_tunnel_attribute() -> None:
    pmsi = {"type": 22, "tunnel-type": 6, "label": 1010, "tunnel-id": "10.255.1.1"}
    _, path = event(item({"etag": 0, "ip": "10.255.1.1"}, route_type=3, attrs=(pmsi,)))
    assert path is not None
    assert path.labels == (1010,)


def test_both_labels_of_a_host_route_are_told() -> None:
    host = {
        "esi": "single-homed",
        "etag": 0,
        "mac": "02:aa:00:00:10:01",
        "ip": "192.0.2.1",
        "labels": [1010, 4001],
    }
    assert {name: leaves(Monitor().hear([item(host)]))[name] for name in ("label", "label2")} == {
        "label": "1010",
        "label2": "4001",
    }


def test_optional_attributes_are_told() -> None:
    attrs = ({"type": 4, "metric": 9}, {"type": 5, "value": 100}, {"type": 9, "value": "10.255.1.1"})
    _, path = event(item(attrs=attrs))
    assert path is not None
    assert (path.attributes.med, path.attributes.local_pref, path.attributes.originator_id) == (
        9,
        100,
        "10.255.1.1",
    )


@pytest.mark.parametrize(
    "line",
    [
        ["x"],
        "gobgp: connection refused",
        [{} | {"nlri": 1}],
        [item(route_type=9)],
        [item({"esi": "single-homed", "mac": "02:aa:00:00:10:01"} | {"rd": {}})],
        [item(), item({"esi": "ESI_NEW | x", "mac": "02:aa:00:00:10:02"})],
    ],
)
def test_a_line_that_can_not_be_read_changes_nothing(line: object) -> None:
    monitor = Monitor()
    monitor.hear([item({"etag": 0, "ip": "10.255.1.9"}, route_type=3)])
    known = dict(monitor.said)
    with pytest.raises(NoAnswerError):
        monitor.hear(line)
    assert monitor.said == known


@pytest.mark.parametrize("line", [[], None])
def test_an_empty_table_says_nothing(line: object) -> None:
    assert not Monitor().hear(line)


def test_a_withdrawal_is_recognised_among_announcements() -> None:
    assert is_withdrawal([item(), item(withdrawal=True)])
    assert not is_withdrawal([item(), item(withdrawal=False)])
    assert not is_withdrawal("text")
