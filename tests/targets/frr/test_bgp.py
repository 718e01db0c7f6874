from typing import Any

import pytest

from targets.frr.bgp import evpn_sessions, own_as, sessions
from targets.frr.documents import NoAnswerError


def summary(**changes: Any) -> dict[str, Any]:
    peer = {
        "remoteAs": 65100,
        "localAs": 65001,
        "state": "Established",
        "peerState": "OK",
        "pfxRcd": 26,
        "pfxSnt": 34,
        "connectionsEstablished": 2,
        "peerUptimeEstablishedEpoch": 1795343851,
        **changes,
    }
    return {"as": 65001, "peers": {"10.0.11.0": peer}}


def leaves(tree: dict[str, Any]) -> dict[str, Any]:
    return {path.partition("[neighbor-address=10.0.11.0]/")[2]: value for path, value in tree.items()}


def test_a_session_and_its_family_are_told() -> None:
    evpn = "afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/state/"
    assert leaves(evpn_sessions(summary())) == {
        "state/session-state": "ESTABLISHED",
        "state/peer-as": 65100,
        "state/local-as": 65001,
        "state/peer-type": "EXTERNAL",
        "state/established-transitions": 2,
        "state/last-established": 1795343851_000_000_000,
        evpn + "active": True,
        evpn + "prefixes/received": 26,
        evpn + "prefixes/sent": 34,
    }


@pytest.mark.parametrize(
    ("printed", "state"),
    [
        ("Idle", "IDLE"),
        ("Idle (Admin)", "IDLE"),
        ("Connect", "CONNECT"),
        ("Active", "ACTIVE"),
        ("OpenSent", "OPENSENT"),
        ("OpenConfirm", "OPENCONFIRM"),
        ("Clearing", "IDLE"),
        ("Sulking", None),
    ],
)
def test_each_state_has_its_name_and_an_unknown_one_none(printed: str, state: str | None) -> None:
    assert leaves(sessions(summary(state=printed))).get("state/session-state") == state


def test_a_session_without_the_family_is_not_active_in_it() -> None:
    told = leaves(evpn_sessions(summary(peerState="NoNeg")))
    assert told["afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/state/active"] is False


def test_a_session_that_never_was_up_has_no_time() -> None:
    document = summary()
    del document["peers"]["10.0.11.0"]["peerUptimeEstablishedEpoch"]
    assert "state/last-established" not in leaves(sessions(document))


def test_an_internal_session_is_told_by_its_as() -> None:
    assert leaves(sessions(summary(remoteAs=65001)))["state/peer-type"] == "INTERNAL"


def test_addresses_have_one_spelling_and_unnumbered_sessions_their_interface() -> None:
    document = {"peers": {"FD00:0:0::1": {"state": "Idle"}, "swp1": {"state": "Active"}}}
    assert [path.partition("/neighbors/")[2] for path in sessions(document)] == [
        "neighbor[neighbor-address=fd00::1]/state/session-state",
        "neighbor[neighbor-address=swp1]/state/session-state",
    ]


def test_no_neighbours_is_an_answer() -> None:
    assert sessions({"as": 65001, "peers": {}}) == sessions({}) == {}


@pytest.mark.parametrize(
    "document", [None, [], "x", {"10.255.1.1:2": {}}, {"peers": []}, {"peers": {"a": 1}}]
)
def test_what_is_no_summary_is_no_answer(document: object) -> None:
    with pytest.raises(NoAnswerError):
        sessions(document)


def test_the_own_as_is_told_where_it_is_known() -> None:
    assert (own_as(summary()), own_as({})) == (65001, None)
