"""Who is who: leaves, owners of VTEPs and the ends of adjacencies, learnt from what devices say."""

from typing import Any

import pytest

from pipeline.apply.fabric import Applied
from pipeline.detectors.roles import Roles
from tests.pipeline.driver import play
from tests.pipeline.scene import Scene, address


def learned(scene: Scene) -> Roles:
    roles = Roles()

    def watch(applied: Applied) -> None:
        for _, kind, content in applied.sessions.declared:
            roles.declare(kind, content)
        roles.learn(applied.changes)

    play(scene.passes(1), watch=watch, judged=False)
    return roles


def test_a_device_that_serves_a_vni_is_a_leaf() -> None:
    assert learned(Scene().joins("a", "b").serves("a")).leaves == {"a"}


def test_a_device_with_multicast_routes_of_its_own_is_a_leaf_and_owns_the_vtep() -> None:
    scene = Scene().joins("a", "b").imet("a", address(1), neighbor=None).imet("b", address(1))

    roles = learned(scene)

    assert (roles.leaves, roles.owners) == ({"a"}, {address(1): "a"})


@pytest.mark.parametrize("role", ["spine", "route-reflector", "rr", "monitor", "superspine"])
def test_a_declared_role_overrules_function(role: str) -> None:
    assert learned(Scene().joins("a", role=role).serves("a")).leaves == set()


def test_a_declared_leaf_is_one_before_it_serves_anything() -> None:
    assert learned(Scene().joins("a", role="leaf")).leaves == {"a"}


def test_a_role_that_says_nothing_of_leaves_leaves_it_to_function() -> None:
    scene = Scene().joins("a", "b", role="border").serves("a")

    assert learned(scene).leaves == {"a"}


def test_fabric_records_declare_roles_too() -> None:
    roles = Roles()

    assert roles.declare("fabric", {"targets": {"a": {"role": "leaf"}, "b": {"role": "spine"}}})
    assert roles.leaves == {"a"}


@pytest.mark.parametrize("content", [{}, {"targets": []}, {"targets": {"a": 3}}, {"targets": {"a": {}}}])
def test_what_declares_nothing_is_no_news(content: dict[str, Any]) -> None:
    assert not Roles().declare("fabric", content)


def test_an_address_that_two_devices_have_names_neither() -> None:
    scene = Scene().joins("l1", "s1", "s2").serves("l1").session("l1", "10.255.0.9", "ESTABLISHED")
    for device in ("s1", "s2"):
        scene.has_address(device, "lo1", "10.255.0.9", 32)

    assert {(row["peer"], row["peer_known"]) for row in learned(scene).ends.to_dicts()} == {
        ("10.255.0.9", False)
    }


def test_only_sessions_of_the_evpn_family_are_adjacencies() -> None:
    scene = Scene().joins("l1").serves("l1")
    scene.row(
        "l1",
        "bgp",
        "bgp_session",
        network_instance="default",
        neighbor="10.0.0.9",
        session_state="ESTABLISHED",
    )

    assert learned(scene).ends.is_empty()


def test_what_was_configured_once_stays_known() -> None:
    scene = Scene().joins("l1").serves("l1").session("l1", "10.0.0.9", "ESTABLISHED").passes(1)
    scene.session("l1", "10.0.0.9", "", op="delete")

    assert learned(scene).ends["thing"].to_list() == ["10.0.0.9"]


def on_the_way() -> Scene:
    """A leaf and a spine with addresses; a third device says nothing of what it is."""
    scene = Scene().joins("l1", "s1").serves("l1")
    scene.has_address("l1", "lo1", "10.1.0.1", 32).has_address("s1", "lo1", "10.1.0.9", 32)
    return scene.has_address("s1", "down1", "2001:db8::9", 64)


def test_addresses_of_devices_that_are_no_leaves_are_on_the_way() -> None:
    assert learned(on_the_way()).transit == {"10.1.0.9", "2001:db8::9"}


def test_an_address_that_a_leaf_has_as_well_is_its_own() -> None:
    scene = on_the_way().has_address("l1", "lo2", "10.1.0.9", 32)

    assert learned(scene).transit == {"2001:db8::9"}


@pytest.mark.parametrize("neighbor", [None, "192.0.2.1"])
def test_who_originates_a_type_3_route_by_an_address_is_not_on_the_way(neighbor: str | None) -> None:
    # a border device that is declared a spine, and has a VTEP all the same
    scene = Scene().joins("l1").joins("s1", role="spine").serves("l1")
    scene.has_address("s1", "lo1", "10.1.0.9", 32).imet("s1", "10.1.0.9", neighbor=neighbor)

    assert learned(scene).transit == (set() if neighbor is None else {"10.1.0.9"})


def test_what_is_learnt_later_of_a_device_counts_at_once() -> None:
    seen = list[set[str]]()
    roles = Roles()

    def watch(applied: Applied) -> None:
        roles.learn(applied.changes)
        seen.append(roles.transit)

    scene = Scene().joins("a").has_address("a", "lo1", "10.1.0.9", 32).passes(1)
    cut = len(scene.records)
    play(scene.serves("a").passes(1), [cut], watch=watch, judged=False)

    assert seen == [{"10.1.0.9"}, set()]


def test_a_snapshot_keeps_all_of_it() -> None:
    scene = Scene().joins("l1", role="leaf").serves("l1").imet("l1", address(1), neighbor=None)
    scene.session("l1", "10.0.0.1", "ESTABLISHED").has_address("l1", "up1", "10.0.0.0", 31)
    roles, restarted = learned(scene), Roles()
    restarted.load(roles.dump())

    assert restarted.ends.equals(roles.ends)
    assert (restarted.owners, restarted.leaves) == (roles.owners, roles.leaves)
    assert restarted.transit == roles.transit
    assert all(frame.equals(roles.dump()[name]) for name, frame in restarted.dump().items())
