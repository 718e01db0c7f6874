import copy
import gzip
import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targets.frr import bgp, documents, evpn
from targets.frr.documents import ARP_CACHE, EVPN_ROUTES, EVPN_SUMMARY, INTERFACES, IP_LINK, MACS
from targets.frr.families import SOURCES, UNTOLD, View, hear, steadied, with_context
from targets.frr.routes import routes
from targets.messages import responses
from targets.openconfig.families import FAMILIES
from targets.tree import Delta, Value, patched

GOLDEN = Path(__file__).parent / "golden"


def docs(case: str = "leaf") -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((GOLDEN / case / "documents.json").read_bytes())
    return content


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: document for name, document in content.items() if name not in names}


def test_every_family_but_liveness_has_a_source_unless_frrouting_has_nothing_of_it() -> None:
    assert {source.family for source in SOURCES} == set(FAMILIES) - {"liveness", *UNTOLD}


def test_the_same_documents_again_say_nothing() -> None:
    view = hear(View(), docs()).view
    again = hear(view, docs())
    assert not again.changes
    assert again.view == view
    assert again.answers == 9


def test_what_does_not_answer_is_silence() -> None:
    view = hear(View(), docs()).view
    heard = hear(view, {})
    assert (heard.changes, heard.answers, heard.view) == ({}, 0, view)


@pytest.mark.parametrize("name", sorted(docs()))
def test_a_missing_document_deletes_nothing(name: str) -> None:
    view = hear(View(), docs()).view
    heard = hear(view, without(docs(), name))
    assert not heard.changes
    assert heard.view == view


@pytest.mark.parametrize("name", sorted(docs()))
@pytest.mark.parametrize("broken", [None, "% error", {"warning": "no"}, 7, ["x"], {"x": {"y": [1]}}])
def test_a_document_of_another_form_deletes_nothing_and_is_reported(name: str, broken: object) -> None:
    view = hear(View(), docs()).view
    heard = hear(view, {**docs(), name: broken})
    assert not heard.changes
    assert heard.view == view
    assert any(sentence.startswith(name) for sentence in heard.unreadable) or name == EVPN_SUMMARY


@pytest.mark.parametrize(
    ("name", "empty", "family"),
    [
        (EVPN_ROUTES, {}, "routes"),
        (MACS, {}, "mac"),
        (documents.VNIS, [], "vtep"),
        (IP_LINK, [], "link"),
    ],
)
def test_an_empty_document_is_an_answer(name: str, empty: object, family: str) -> None:
    view = hear(View(), docs()).view
    heard = hear(view, {**docs(), name: empty})
    assert set(heard.changes) == {family}
    assert heard.changes[family].deletes
    assert not heard.changes[family].updates


def test_a_family_is_heard_of_by_an_empty_answer_too() -> None:
    heard = hear(View(), {documents.SEGMENTS: []})
    assert heard.changes == {"es": Delta({})}


def test_interfaces_go_on_while_vtysh_is_silent() -> None:
    view = hear(View(), docs()).view
    links = [
        link if link["ifname"] != "up1" else {**link, "operstate": "DOWN", "flags": ["NO-CARRIER", "UP"]}
        for link in docs()[IP_LINK]
    ]
    heard = hear(view, {IP_LINK: links})
    assert heard.changes == {"link": Delta({"/interfaces/interface[name=up1]/state/oper-status": "DOWN"})}
    assert heard.answers == 1
    known = heard.view.trees["link"]
    assert "/interfaces/interface[name=up1]/state/counters/carrier-transitions" in known


def test_after_silence_only_the_difference_to_the_last_answer_is_said() -> None:
    first = hear(View(), docs()).view
    silent = hear(first, without(docs(), EVPN_SUMMARY, EVPN_ROUTES, MACS)).view
    changed = docs()
    del changed[MACS]["1020"]["macs"]["02:aa:00:00:20:02"]
    heard = hear(silent, changed)
    assert set(heard.changes) == {"mac"}
    (producer, entry) = heard.changes["mac"].deletes
    assert producer.startswith(entry)
    assert patched(first.trees["mac"], heard.changes["mac"]) == heard.view.trees["mac"]


def test_routes_are_not_read_without_the_summary_that_tells_the_own_as() -> None:
    heard = hear(View(), without(docs(), EVPN_SUMMARY))
    assert "routes" not in heard.changes


def test_the_kernels_count_of_carrier_changes_goes_before_zebras() -> None:
    links = [{**link, "stats64": {"tx": {"carrier_changes": 77}}} for link in docs()[IP_LINK]]
    heard = hear(View(), {IP_LINK: links, INTERFACES: docs()[INTERFACES]})
    path = "/interfaces/interface[name=up1]/state/counters/carrier-transitions"
    assert heard.view.trees["link"][path] == 77


@pytest.mark.parametrize(("seconds", "kept"), [(-2, True), (2, True), (3, False), (-3, False)])
def test_a_time_that_wavers_by_two_seconds_is_the_same(seconds: int, *, kept: bool) -> None:
    path = "/n/neighbor[neighbor-address=a]/state/last-established"
    old, new = {path: 100_000_000_000}, {path: (100 + seconds) * 1_000_000_000, "/x": 1}
    assert (steadied(old, new)[path] == old[path]) is kept
    assert steadied(old, new)["/x"] == 1


def test_a_second_producer_of_a_mac_comes_with_the_vni() -> None:
    entry = "/network-instances/network-instance[name=vni-7]/fdb/l2rib/mac-table/entries/entry[mac-address=m]"
    tree = {f"{entry}/state/l2-vni": 7, f"{entry}/producers/producer[producer=BGP]/state/seq-number": 1}
    delta = Delta({f"{entry}/producers/producer[producer=BGP]/state/seq-number": 1})
    assert with_context(FAMILIES["mac"], delta, tree).updates == tree
    assert with_context(FAMILIES["routes"], delta, tree) == delta


CASES = ("leaf", "leaf-after-restart", "segment-leaf", "layer-3-vni", "spine")
polls = st.lists(
    st.tuples(st.sampled_from(CASES), st.sets(st.sampled_from(sorted(docs())), max_size=9)),
    max_size=5,
)


@given(polls)
def test_whatever_is_lost_on_the_way_the_differences_add_up_to_what_was_heard(
    polls: list[tuple[str, set[str]]],
) -> None:
    view = View()
    told: dict[str, dict[str, Value]] = {}
    for case, lost in polls:
        heard = hear(view, without(docs(case), *lost))
        view = heard.view
        for family, delta in heard.changes.items():
            told[family] = patched(told.get(family, {}), delta)
    assert told == view.trees


@given(polls)
def test_after_a_whole_poll_nothing_of_former_ones_is_left(polls: list[tuple[str, set[str]]]) -> None:
    view = View()
    for case, lost in polls:
        view = hear(view, without(docs(case), *lost)).view
    assert hear(view, docs("leaf")).view.trees == hear(View(), docs("leaf")).view.trees


def test_pieces_mapped_by_themselves_give_what_the_whole_gives(recording: Path) -> None:
    with gzip.open(recording / "poll-l1.jsonl.gz") as lines:
        polls = [orjson.loads(line)["docs"] for line in itertools.islice(lines, 60)]
    view = View()
    for poll in polls:
        view = hear(view, poll).view
        own_as = bgp.own_as(poll[EVPN_SUMMARY])
        assert view.trees["routes"] == routes(own_as, poll[EVPN_ROUTES])
        assert view.trees["mac"] == evpn.macs(poll[MACS]) | evpn.bindings(poll[ARP_CACHE])


def test_a_piece_that_says_the_same_again_keeps_its_leaves(recording: Path) -> None:
    with gzip.open(recording / "poll-l1.jsonl.gz") as lines:
        poll = orjson.loads(next(lines))["docs"]
    changed = {**poll, EVPN_ROUTES: dict(poll[EVPN_ROUTES])}
    first, *others = (rd for rd, table in poll[EVPN_ROUTES].items() if isinstance(table, dict))
    del changed[EVPN_ROUTES][first]
    number = next(at for at, source in enumerate(SOURCES) if source.family == "routes")
    before = hear(View(), poll).view
    after = hear(before, changed).view
    assert others
    assert first not in after.parts[number].trees
    assert all(after.parts[number].trees[rd] is before.parts[number].trees[rd] for rd in others)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(
            None,
            True,
            -1,
            2**64,
            2**63,
            1.5,
            "",
            "x",
            "]",
            "a]b\\",
            "::",
            "fe80::1%eth0",
            "99999",
            "\0",
            "00:00",
        ),
        *(
            [],
            {},
            [1],
            [None],
            [[]],
            ["x"],
            [{}],
            {"x": 1},
            {"": {}},
            {"warning": "w"},
            "[2]:[0]",
            "RT:1:1 MM:x",
        ),
    ]
).map(copy.deepcopy)  # what is put in may be spoiled further


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """Return documents with something odd in one of them: another release, a bug, a prank."""
    content = docs(draw(st.sampled_from(sorted(path.name for path in GOLDEN.iterdir()))))
    name = draw(st.sampled_from(sorted(name for source in SOURCES for name in source.documents)))
    for _ in range(draw(st.integers(1, 3))):
        place, key = content, name
        while isinstance(place.get(key), dict) and place[key] and draw(st.integers(0, 4)):
            place, key = place[key], draw(st.sampled_from(sorted(place[key])))
        if isinstance(place.get(key), list) and place[key] and draw(st.booleans()):
            place[key][draw(st.integers(0, len(place[key]) - 1))] = draw(ODD)
        elif draw(st.booleans()):
            place[key] = draw(ODD)
        elif place is not content and key in place:
            place[draw(st.sampled_from(["", "x", "]", "[9]:[0]", "1:1", "4294967296", "-1"]))] = place.pop(
                key
            )
    return content


@settings(max_examples=300)
@given(spoiled())
def test_whatever_a_document_holds_it_can_be_said_or_is_no_answer(content: dict[str, Any]) -> None:
    heard = hear(View(), content)
    for family, delta in heard.changes.items():
        list(responses(FAMILIES[family], delta, 1))
    again = hear(hear(View(), docs("leaf")).view, content)
    assert all(isinstance(sentence, str) for sentence in again.unreadable)
