from typing import Any

import pytest

from targets.frr.documents import NoAnswerError
from targets.frr.routes import nlri_of, routes
from targets.openconfig.rib import Nlri, RouteType

MAC = "02:aa:00:00:10:01"


def path(**changes: Any) -> dict[str, Any]:
    return {
        "valid": True,
        "bestpath": True,
        "peerId": "10.0.11.0",
        "path": "65100 65001",
        "origin": "IGP",
        "extendedCommunity": {"string": "RT:65001:1010 ET:8"},
        "nexthops": [{"ip": "10.255.1.1", "afi": "ipv4", "used": True}],
        **changes,
    }


def table(*paths: dict[str, Any], prefix: str = f"[2]:[0]:[48]:[{MAC}]") -> dict[str, Any]:
    return {
        "10.255.1.1:2": {"rd": "10.255.1.1:2", prefix: {"prefix": prefix, "paths": [[it] for it in paths]}}
    }


def states(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the leaves of each path by name, in the order of the path's key."""
    found: dict[str, dict[str, Any]] = {}
    for leaf, value in tree.items():
        entry, state, name = leaf.partition("/state/")
        if state and "/paths/" in entry:
            found.setdefault(entry, {})[name] = value
    return [{"entry": entry, **found[entry]} for entry in sorted(found)]


@pytest.mark.parametrize(
    ("prefix", "nlri"),
    [
        (f"[2]:[0]:[48]:[{MAC}]", Nlri(RouteType.MAC_IP, mac=MAC)),
        (f"[2]:[0]:[48]:[{MAC}]:[0]:[0.0.0.0]", Nlri(RouteType.MAC_IP, mac=MAC)),
        (
            f"[2]:[5]:[48]:[{MAC.upper()}]:[32]:[192.0.2.1]",
            Nlri(RouteType.MAC_IP, 5, mac=MAC, ip="192.0.2.1"),
        ),
        (f"[2]:[0]:[48]:[{MAC}]:[128]:[FD00:0::1]", Nlri(RouteType.MAC_IP, mac=MAC, ip="fd00::1")),
        ("[3]:[0]:[128]:[fd00::1]", Nlri(RouteType.MULTICAST, ip="fd00::1")),
        (
            "[4]:[03:44:38:39:ff:ff:01:00:00:01]:[32]:[10.255.1.1]",
            Nlri(RouteType.SEGMENT, esi="03443839ffff01000001", ip="10.255.1.1"),
        ),
        (
            "[1]:[4294967295]:[03:44:38:39:ff:ff:01:00:00:01]:[32]:[0.0.0.0]:[0]",
            Nlri(RouteType.ETHERNET_AD, 4294967295, esi="03443839ffff01000001"),
        ),
        (
            "[1]:[03:44:38:39:ff:ff:01:00:00:01]:[0]:[32]:[0.0.0.0]:[0]",
            Nlri(RouteType.ETHERNET_AD, 0, esi="03443839ffff01000001"),
        ),
        ("[5]:[0]:[64]:[fd00:10::]", Nlri(RouteType.PREFIX, ip="fd00:10::", prefix_length=64)),
        ("[6]:[0]:[32]:[10.255.1.1]:[32]:[239.0.0.1]", None),
    ],
)
def test_each_form_of_an_evpn_prefix_is_read(prefix: str, nlri: Nlri | None) -> None:
    assert nlri_of(prefix) == nlri


@pytest.mark.parametrize(
    "prefix", ["", "[9]:[0]", "[2]:[0]", "[2]:[x]:[48]:[m]", "[4]:[12:34]:[32]:[10.0.0.1]", "rubbish"]
)
def test_a_prefix_of_no_known_form_is_no_answer(prefix: str) -> None:
    with pytest.raises(NoAnswerError, match="can't be read"):
        nlri_of(prefix)


def test_every_path_is_told_and_not_only_the_best() -> None:
    tree = routes(65001, table(path(), path(peerId="10.0.21.0", bestpath=False)))
    assert [(it["bestpath"], it["valid-route"]) for it in states(tree)] == [(True, True), (False, True)]


def test_a_path_that_is_being_removed_is_gone() -> None:
    assert len(states(routes(65001, table(path(), path(peerId="10.0.21.0", removed=True))))) == 1


def test_an_own_path_has_the_unspecified_peer_and_the_vni_of_its_own_as() -> None:
    (one,) = states(routes(65001, table(path(peerId="(unspec)", path=""))))
    assert "[peer-ip=0.0.0.0]" in one["entry"]
    assert one["label"] == "1010"


def test_without_an_auto_derived_target_there_is_no_label() -> None:
    (one,) = states(routes(65001, table(path(extendedCommunity={"string": "RT:65000:1010"}))))
    assert "label" not in one


def test_two_targets_are_told_apart_by_the_flooding_route_of_the_rd() -> None:
    document = table(path(extendedCommunity={"string": "RT:65001:4001 RT:65001:1010"}))
    document["10.255.1.1:2"]["[3]:[0]:[32]:[10.255.1.1]"] = {"paths": [[path()]]}
    flooded, host = states(routes(65001, document))
    assert flooded["label"] == "1010"
    assert (host["label"], host["label2"]) == ("1010", "4001")


def test_two_targets_without_a_flooding_route_leave_the_label_unknown() -> None:
    (one,) = states(routes(65001, table(path(extendedCommunity={"string": "RT:65001:4001 RT:65001:1010"}))))
    assert "label" not in one


def test_two_paths_of_one_neighbour_are_kept_apart() -> None:
    first, second = states(routes(65001, table(path(), path(path="65100 65009"))))
    assert "[peer-path-id=0]" in first["entry"]
    assert "[peer-path-id=1]" in second["entry"]


def test_a_segment_is_told_and_none_is_the_zero_esi() -> None:
    (homed,) = states(routes(65001, table(path())))
    (dual,) = states(routes(65001, table(path(esi="03:44:38:39:ff:ff:01:00:00:01"))))
    assert (homed["esi"], dual["esi"]) == ("0" * 20, "03443839ffff01000001")


def test_an_empty_table_is_an_answer() -> None:
    assert routes(65001, {}) == routes(65001, {"numPrefix": 0, "numPaths": 0}) == {}


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        "% BGP instance not found",
        {"warning": "Default BGP instance not found"},
        {"10.0.11.0/31": [{"prefix": "10.0.11.0/31"}]},  # the answer to another command
        {"1020": {"numMacs": 8, "macs": {}}},
        {"10.255.1.1:2": {"rd": "10.255.1.1:2", "[2]:[0]:[48]:[m]": {"paths": ["x"]}}},
    ],
)
def test_what_is_no_table_of_routes_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        routes(65001, document)
