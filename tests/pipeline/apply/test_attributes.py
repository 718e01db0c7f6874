"""BGP attributes that routes point to by index: filled before or after, reused, dropped, in any batches."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from collectors.records import Kind, session_id
from pipeline.apply.fabric import Applied
from tests.pipeline.driver import play
from tests.pipeline.scene import Said, address, mac

SESSION = session_id(1, "c1")
START = Said(0, "l1", Kind.START, "routes", SESSION, 0, content={"paths": ["/network-instances"]})
Row = tuple[str, dict[str, Any]]
Fact = tuple[int, str, str | None, int | None, str]


def attributes(index: int, next_hop: str | None = None, op: str = "update") -> Row:
    leaves = {} if op == "delete" else {"next_hop": next_hop}
    return "bgp_attr_set", {"op": op, "network_instance": "default", "attr_index": index, **leaves}


def communities(index: int, seq: int | None = None, op: str = "update") -> Row:
    leaves = {} if op == "delete" else {"mobility_seq": seq}
    key = {"network_instance": "default", "ext_community_index": index}
    return "bgp_ext_community", {"op": op, **key, **leaves}


def route(rd: str, attr: int | None = None, community: int | None = None, op: str = "update") -> Row:
    key = {"vantage": "loc_rib", "network_instance": "default", "rd": rd, "route_type": 2, "mac": mac(1)}
    leaves = {} if op == "delete" else {"attr_index": attr, "ext_community_index": community}
    return "evpn_route", {"op": op, **key, **leaves}


def records(*said: Sequence[Row]) -> list[Said]:
    told = [
        Said(1 + at, "l1", Kind.RESPONSE, "routes", SESSION, 1 + at, tuple(rows))
        for at, rows in enumerate(said)
    ]
    return [START, *told]


def facts(told: Sequence[Said], cuts: Sequence[int] = (), restarts: Sequence[int] = ()) -> list[Fact]:
    """The changes of routes: record, RD, next hop, mobility sequence and reason."""
    found: list[Fact] = []

    def watch(applied: Applied) -> None:
        columns = ["offset", "rd", "next_hop", "mobility_seq", "reason"]
        found.extend(applied.changes["evpn_route"].facts(applied.records).select(columns).rows())

    play(told, cuts, restarts=restarts, watch=watch, judged=False)
    return sorted(found, key=repr)


def test_a_route_has_the_attributes_its_indexes_point_to() -> None:
    told = records([attributes(1, address(1)), communities(7, 3)], [route("a", 1, 7)])

    assert facts(told) == [(2, "a", address(1), 3, "update")]


def test_attributes_may_come_after_the_route() -> None:
    told = records([route("a", 1, 7)], [attributes(1, address(1))], [communities(7, 3)])

    assert facts(told) == [
        (1, "a", None, None, "update"),
        (2, "a", address(1), None, "update"),
        (3, "a", address(1), 3, "update"),
    ]


def test_an_index_used_again_means_the_new_content_from_then_on() -> None:
    told = records([attributes(1, address(1)), route("a", 1)], [attributes(1, address(2)), route("b", 1)])

    assert facts(told) == [
        (1, "a", address(1), None, "update"),
        (2, "a", address(2), None, "update"),
        (2, "b", address(2), None, "update"),
    ]


def test_a_dropped_set_keeps_its_content_for_those_who_point_to_it() -> None:
    told = records(
        [attributes(1, address(1)), route("a", 1)], [attributes(1, op="delete")], [route("a", op="delete")]
    )

    assert facts(told) == [(1, "a", address(1), None, "update"), (3, "a", address(1), None, "delete")]


def test_another_index_with_the_same_content_is_no_change() -> None:
    told = records([attributes(1, address(1)), route("a", 1)], [attributes(2, address(1)), route("a", 2)])

    assert facts(told) == [(1, "a", address(1), None, "update")]


def test_indexes_of_two_devices_are_apart() -> None:
    other = [
        Said(0.5, "l2", Kind.START, "routes", SESSION, 0, content={"paths": []}),
        Said(0.6, "l2", Kind.RESPONSE, "routes", SESSION, 1, (attributes(1, address(2)),)),
    ]
    told = [*other, *records([attributes(1, address(1)), route("a", 1)])]

    assert [fact[2] for fact in facts(told)] == [address(1)]


# The same against plain dicts.

hops = st.sampled_from([address(1), address(2), address(3, 6)])
rows = st.one_of(
    st.builds(attributes, st.integers(1, 3), hops),
    st.builds(attributes, st.integers(1, 3), op=st.just("delete")),
    st.builds(communities, st.integers(1, 2), st.integers(0, 2)),
    st.builds(route, st.sampled_from("ab"), st.integers(1, 3), st.none() | st.integers(1, 2)),
    st.builds(route, st.sampled_from("ab"), st.integers(1, 3), st.none() | st.integers(1, 2)),
    st.builds(route, st.sampled_from("ab"), op=st.just("delete")),
)
streams = st.lists(rows, max_size=25)


def model(stream: Sequence[Row]) -> list[Fact]:
    sets: dict[tuple[str, int], Any] = {}
    routes: dict[str, dict[str, Any]] = {}
    found: list[Fact] = []

    def resolved(leaves: dict[str, Any]) -> tuple[Any, Any]:
        return (
            sets.get(("bgp_attr_set", leaves["attr_index"])),
            sets.get(("bgp_ext_community", leaves["ext_community_index"])),
        )

    for at, (table, row) in enumerate(stream, 1):
        before = {rd: resolved(leaves) for rd, leaves in routes.items()}
        if table == "evpn_route":
            if row["op"] == "delete":
                routes.pop(row["rd"], None)
            else:
                told = {
                    name: row[name] for name in ("attr_index", "ext_community_index") if row[name] is not None
                }
                old = routes.get(row["rd"], {"attr_index": None, "ext_community_index": None})
                routes[row["rd"]] = {**old, **told}
        elif row["op"] != "delete":
            pointer, content = (
                ("attr_index", "next_hop")
                if table == "bgp_attr_set"
                else ("ext_community_index", "mobility_seq")
            )
            sets[table, row[pointer]] = row[content]
        after = {rd: resolved(leaves) for rd, leaves in routes.items()}
        for rd in before.keys() | after.keys():
            if rd not in after:
                found.append((at, rd, *before[rd], "delete"))
            elif before.get(rd) != after[rd]:
                found.append((at, rd, *after[rd], "update"))
    return sorted(found, key=repr)


@settings(max_examples=40)
@given(streams, st.lists(st.integers(1, 25), max_size=4), st.lists(st.integers(1, 25), max_size=1))
@example([route("a", 1), attributes(1, address(1)), attributes(1, address(2)), route("a", 1)], [], [])
def test_a_route_s_attributes_are_those_of_its_record_in_any_batches(
    stream: list[Row], cuts: list[int], restarts: list[int]
) -> None:
    told = records(*([row] for row in stream))

    assert facts(told, cuts, restarts) == model(stream)


@settings(max_examples=30)
@given(streams, st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(1, 25))
def test_records_of_several_rows_tell_the_same_in_any_batches(
    stream: list[Row], sizes: list[int], cut: int
) -> None:
    edges = [0]
    for number in range(len(stream)):
        edges.append(edges[-1] + sizes[number % len(sizes)])
    grouped = records(*(stream[begin:end] for begin, end in pairwise(edges) if begin < len(stream)))

    assert facts(grouped, [cut]) == facts(grouped)
