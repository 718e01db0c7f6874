"""bfdd, isisd and ospfd in JSON, as FRRouting 8.4 prints it, and what OpenConfig calls that."""

from typing import Any

import pytest

from targets.frr.adjacencies import bfd_sessions, isis_adjacencies, ospf_neighbors
from targets.frr.documents import NoAnswerError


def leaves(tree: dict[str, Any], element: str) -> dict[str, Any]:
    """Leaves of a tree by their names, behind the list entry that begins with ``element``."""
    return {path.rpartition("/")[2]: value for path, value in tree.items() if element in path}


def peer(**changes: Any) -> dict[str, Any]:
    return {
        "multihop": False, "peer": "10.9.0.2", "vrf": "default", "interface": "va", "id": 3885796147,
        "remote-id": 3004616736, "status": "up", "uptime": 24, "diagnostic": "ok", **changes,
    }  # fmt: skip


def counters(**changes: Any) -> dict[str, Any]:
    told = {"multihop": False, "peer": "10.9.0.2", "vrf": "default", "interface": "va"}
    return {**told, "session-up": 2, "session-down": 1, **changes}


def test_a_session_has_its_state_peer_and_failures() -> None:
    tree = bfd_sessions([peer()], [counters()])
    assert leaves(tree, "/bfd/interfaces/interface[id=va]/peers/peer[local-discriminator=3885796147]") == {
        "session-state": "UP",
        "remote-address": "10.9.0.2",
        "failure-transitions": 1,
        "local-diagnostic-code": "NO_DIAGNOSTIC",
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [("up", "UP"), ("down", "DOWN"), ("init", "INIT"), ("shutdown", "ADMIN_DOWN"), ("odd", None)],
)
def test_states_have_their_names(status: str, state: str | None) -> None:
    tree = bfd_sessions([peer(status=status, diagnostic="control detection time expired")], [])
    assert leaves(tree, "").get("session-state") == state
    assert leaves(tree, "")["local-diagnostic-code"] == "DETECTION_TIMEOUT"


def test_ipv6_and_multihop_sessions_are_sessions() -> None:
    tree = bfd_sessions([peer(peer="FD00::A80:0", interface=None)], [])
    assert leaves(tree, "[id=multihop]")["remote-address"] == "fd00::a80:0"


def test_sessions_of_other_vrfs_are_left_out() -> None:
    assert bfd_sessions([peer(vrf="red")], []) == {}


def circuit(**changes: Any) -> dict[str, Any]:
    port = {"name": "va", "state": "Up", "adj-flaps": 1, "ipv4-address": {"ipv4": "10.9.0.2"}, "adj-sid": {}}
    return {"circuit": 70, "adj": "spine1", "interface": {**port, **changes}, "level": 2, "expires-in": "30s"}


def test_an_is_is_adjacency_has_its_state_and_address() -> None:
    tree = isis_adjacencies({"areas": [{"area": "1", "circuits": [circuit(), {"circuit": 71}]}]})
    path = "[interface-id=va]/levels/level[level-number=2]/adjacencies/adjacency[system-id=spine1]"
    assert leaves(tree, path) == {"adjacency-state": "UP", "neighbor-ipv4-address": "10.9.0.2"}
    assert len(tree) == 2


@pytest.mark.parametrize(("state", "name"), [("Down", "DOWN"), ("Initializing", "INIT"), ("new", "FAILED")])
def test_no_other_is_is_state_is_up(state: str, name: str) -> None:
    tree = isis_adjacencies({"areas": [{"area": "1", "circuits": [circuit(state=state)]}]})
    assert leaves(tree, "")["adjacency-state"] == name


def neighbor(**changes: Any) -> dict[str, Any]:
    return {
        "ifaceAddress": "10.9.0.2", "areaId": "0.0.0.0", "ifaceName": "va", "nbrState": "Full/DR",
        "stateChangeCounter": 6, "lastPrgrsvChangeMsec": 15679, "routerDesignatedId": "10.9.0.2",
        "routerDesignatedBackupId": "10.9.0.1", "routerDeadIntervalTimerDueMsec": 34320, **changes,
    }  # fmt: skip


def test_an_ospf_neighbour_has_its_state_and_who_is_elected_by_router_id() -> None:
    tree = ospf_neighbors({"neighbors": {"1.1.1.2": [neighbor()]}})
    path = "area[identifier=0.0.0.0]/interfaces/interface[id=va]/neighbors/neighbor[router-id=1.1.1.2]"
    assert leaves(tree, path) == {
        "adjacency-state": "FULL",
        "state-changes": 6,
        "designated-router": "1.1.1.2",
        "backup-designated-router": "10.9.0.1",
    }


@pytest.mark.parametrize(
    ("said", "state"), [("2-Way/DROther", "TWO_WAY"), ("Init/DROther", "INIT"), ("ExStart/BDR", "EXSTART")]
)
def test_ospf_states_have_their_names(said: str, state: str) -> None:
    tree = ospf_neighbors({"neighbors": {"1.1.1.2": [neighbor(nbrState=said)]}})
    assert leaves(tree, "")["adjacency-state"] == state


def test_no_neighbours_are_none() -> None:
    assert (ospf_neighbors({}), ospf_neighbors({"neighbors": {}})) == ({}, {})
    assert isis_adjacencies({"areas": [{"area": "1", "circuits": []}]}) == {}
    assert bfd_sessions([], []) == {}


def test_what_is_no_answer_says_nothing() -> None:
    with pytest.raises(NoAnswerError):
        ospf_neighbors({"vrfName": "default"})
    with pytest.raises(NoAnswerError):
        bfd_sessions({"error": "bfdd is not running"}, [])
    with pytest.raises(NoAnswerError):
        bfd_sessions([{"id": 1}], [])
