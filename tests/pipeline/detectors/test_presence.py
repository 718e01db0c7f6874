"""Who holds routes of a thing: from none to some and back, whatever the batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.apply.fabric import Applied
from pipeline.detectors.presence import Presence, route_sides
from tests.pipeline.driver import play
from tests.pipeline.scene import Scene, address


def transitions(scene: Scene, kind: str, cuts: Sequence[int] = (), *, dumped: bool = False) -> list[Any]:
    """(device, thing..., seconds, held) in the order of the stream."""
    keys = ["device", "vtep"] if kind == "imet" else ["device", "esi", "pe"]
    presence, found = [Presence(keys)], []

    def watch(applied: Applied) -> None:
        routes = applied.changes["evpn_route"]
        told = presence[0].apply(routes, applied.records, route_sides(routes, kind=kind))
        found.extend(told.select(*keys, "offset", "value").rows())
        if dumped:
            restarted = Presence(keys)
            restarted.load(presence[0].dump())
            assert restarted.dump().equals(presence[0].dump())
            presence[0] = restarted

    play(scene, cuts, watch=watch, judged=False)
    return sorted(found, key=lambda row: row[-2])


def test_the_first_route_is_news_and_the_last_that_goes() -> None:
    scene = Scene().joins("s1").passes(1)
    for vni in (1010, 1020):
        scene.imet("s1", address(1), vni=vni)
    for vni in (1010, 1020):
        scene.imet("s1", address(1), vni=vni, op="delete")

    assert [row[-1] for row in transitions(scene, "imet")] == [True, False]


def test_a_device_s_own_multicast_routes_do_not_count() -> None:
    scene = Scene().joins("l1").passes(1).imet("l1", address(1), neighbor=None)

    assert transitions(scene, "imet") == []


def test_an_invalid_route_is_not_held() -> None:
    key: dict[str, Any] = {
        "vantage": "loc_rib", "network_instance": "default", "rd": "a", "route_type": 3, "eth_tag": 0,
        "originator": address(1), "neighbor": "192.0.2.1",
    }  # fmt: skip
    scene = Scene().joins("s1").passes(1).row("s1", "routes", "evpn_route", **key, valid=False)
    scene.row("s1", "routes", "evpn_route", **key, valid=True).row(
        "s1", "routes", "evpn_route", **key, valid=False
    )

    assert [row[-1] for row in transitions(scene, "imet")] == [True, False]


def test_of_a_route_that_changes_its_next_hop_the_old_pe_is_gone() -> None:
    scene = Scene().joins("s1").passes(1).ad_route("s1", "00:01", address(1)).passes(1)
    key: dict[str, Any] = {
        "vantage": "loc_rib", "network_instance": "default", "rd": f"{address(1)}:1", "route_type": 1,
        "route_esi": "00:01", "eth_tag": 0xFFFFFFFF, "neighbor": "192.0.2.1",
    }  # fmt: skip
    scene.rows(
        "s1",
        "routes",
        ("bgp_attr_set", {"network_instance": "default", "attr_index": 99, "next_hop": address(2)}),
        ("evpn_route", {**key, "attr_index": 99}),
    )

    assert {(row[2], row[-1]) for row in transitions(scene, "ad_per_es")} == {
        (address(1), True),
        (address(1), False),
        (address(2), True),
    }


told = st.lists(
    st.tuples(
        st.sampled_from(["s1", "l2"]),
        st.integers(1, 2),
        st.sampled_from([1010, 1020]),
        st.sampled_from(["update", "delete"]),
    ),
    max_size=20,
)


@settings(max_examples=25)
@given(told, st.lists(st.integers(1, 30), max_size=4))
def test_what_is_held_is_what_was_announced_and_not_withdrawn(
    told: list[tuple[str, int, int, str]], cuts: list[int]
) -> None:
    scene = Scene().joins("s1", "l2").passes(1)
    held: dict[tuple[str, str], set[int]] = {}
    expected = []
    for device, vtep, vni, op in told:
        routes = held.setdefault((device, address(vtep)), set())
        before = bool(routes)
        (routes.add if op == "update" else routes.discard)(vni)
        if bool(routes) != before:
            expected.append((device, address(vtep), len(scene.records), bool(routes)))
        scene.imet(device, address(vtep), vni=vni, op=op)

    assert transitions(scene, "imet", cuts, dumped=True) == expected


def test_without_changes_there_are_no_transitions_but_all_columns() -> None:
    presence = Presence(["device", "vtep"])

    def watch(applied: Applied) -> None:
        routes = applied.changes["evpn_route"]
        found = presence.apply(routes, applied.records, route_sides(routes, kind="imet"))
        assert found.is_empty()
        assert found.columns == ["device", "vtep", "time", "offset", "index", "now", "value"]

    play(Scene().passes(1), watch=watch, judged=False)
    assert presence.dump().schema == {"device": pl.String, "vtep": pl.String, "count": pl.Int64}
    assert not np.any(presence.counts)
