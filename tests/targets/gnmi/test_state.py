from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from targets import messages
from targets.gnmi.state import State
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.openconfig import rib
from targets.tree import Delta, Value, patched
from tests.targets.gnmi import trees
from tests.targets.gnmi.client import Heard, notification, text


class Subscriber:
    """Starts from a dump and applies what it is told."""

    def __init__(self, state: State, *asked: str, encoding: Encoding = Encoding.PROTO) -> None:
        self.state = state
        self.view = View(tuple(dict.fromkeys(asked)), encoding)
        self.heard = Heard()
        self.told: list[Any] = []
        state.join(self.view, self.push)
        for message in state.dump(self.view, state.snapshot(self.view, 0)):
            self.heard.hear(gnmi_pb2.SubscribeResponse.FromString(message))

    def push(self, message: bytes) -> None:
        response = gnmi_pb2.SubscribeResponse.FromString(message)
        self.told.append(response)
        self.heard.hear(response)

    def leave(self) -> None:
        self.state.leave(self.view, self.push)

    def expects(self, tree: dict[str, Value]) -> dict[str, Value]:
        return {
            trees.key_sorted(path): value
            for path, value in tree.items()
            if any(trees.covers(asked, path) for asked in self.view.asked)
        }


@given(trees.changes)
def test_a_state_is_what_its_changes_make_of_nothing(changes: list[Delta]) -> None:
    state, tree = State(), dict[str, Value]()
    for number, delta in enumerate(changes):
        state.apply(delta, number)
        tree = patched(tree, delta)
    assert state.tree() == tree


@given(trees.changes)
def test_nothing_is_left_of_what_is_deleted(changes: list[Delta]) -> None:
    state = State()
    for number, delta in enumerate(changes):
        state.apply(delta, number)
    state.apply(Delta({}, tuple(state.tree())), 9)
    assert not state._tree.leaves
    assert not state._tree.lists


@given(trees.changes, st.lists(st.tuples(st.integers(0, 8), st.lists(trees.asked, min_size=1, max_size=3))))
def test_dump_and_notifications_together_are_exactly_the_subtree(
    changes: list[Delta], subscriptions: list[tuple[int, list[str]]]
) -> None:
    state = State()
    subscribers = []
    tree: dict[str, Value] = {}
    for number in range(len(changes) + 1):
        subscribers += [Subscriber(state, *asked) for when, asked in subscriptions if when == number]
        if number < len(changes):
            before = [len(it.told) for it in subscribers]
            state.apply(changes[number], number)
            tree = patched(tree, changes[number])
            for it, count in zip(subscribers, before, strict=True):
                assert len(it.told) <= count + 1, "more than one notification for one change"
        for it in subscribers:
            assert it.heard.tree == it.expects(tree)


@given(trees.changes, st.lists(trees.asked, min_size=1, max_size=3))
def test_nothing_is_told_that_lies_elsewhere(changes: list[Delta], asked: list[str]) -> None:
    state = State()
    subscriber = Subscriber(state, *asked)
    for number, delta in enumerate(changes):
        state.apply(delta, number)
    for response in subscriber.told:
        updates, deletes = notification(response)
        assert updates or deletes
        for path in (*updates, *deletes):
            assert any(trees.covers(one, path) for one in asked)


@given(trees.changes, st.lists(trees.asked, min_size=1, max_size=4), st.data())
def test_who_has_left_is_told_nothing(changes: list[Delta], asked: list[str], data: st.DataObject) -> None:
    state = State()
    stays, leaves = Subscriber(state, asked[0]), [Subscriber(state, one) for one in asked]
    for it in data.draw(st.permutations(leaves)):
        it.leave()
    for number, delta in enumerate(changes):
        state.apply(delta, number)
    assert all(it.told == [] for it in leaves)
    assert stays.heard.tree == stays.expects(state.tree())


atomic_branches = st.sampled_from(("/a", "/a/list[k=1][m=1]"))


@given(
    st.lists(
        st.one_of(
            trees.changes.filter(bool).map(lambda some: (None, some[0])),
            st.tuples(
                atomic_branches,
                st.dictionaries(trees.leaves, trees.values, max_size=4).map(Delta),
            ),
        ),
        max_size=6,
    ),
    st.lists(trees.asked, min_size=1, max_size=3),
    st.integers(0, 6),
)
def test_atomic_notifications_replace_their_branch_for_everyone(
    changes: list[tuple[str | None, Delta]], asked: list[str], late: int
) -> None:
    state = State()
    tree: dict[str, Value] = {}
    subscribers = [Subscriber(state, *asked)]
    for number, (branch, delta) in enumerate(changes):
        if number == late:
            subscribers.append(Subscriber(state, *asked))
        if branch is None:
            state.apply(delta, number)
            tree = patched(tree, delta)
        else:
            whole = {branch + path: value for path, value in delta.updates.items()}
            state.apply(Delta(whole), number, atomic=branch)
            tree = patched(tree, Delta(whole, (branch,)))
        for it in subscribers:
            assert it.heard.tree == it.expects(tree)


ENTRY = "/interfaces/interface[name=swp1]"
OTHER = "/interfaces/interface[name=swp2]"


def with_two() -> State:
    state = State()
    state.apply(Delta({f"{it}/state/{leaf}": "UP" for it in (ENTRY, OTHER) for leaf in ("oper", "admin")}), 5)
    return state


def test_a_delete_above_what_was_asked_for_is_told_as_the_delete_of_that() -> None:
    state = with_two()
    one = Subscriber(state, f"{ENTRY}/state")
    wild = Subscriber(state, "/interfaces/interface/state/oper")
    above = Subscriber(state, "/interfaces")
    elsewhere = Subscriber(state, "/system")
    state.apply(Delta({}, (ENTRY,)), 6)
    assert [notification(it)[1] for it in one.told] == [[f"{ENTRY}/state"]]
    assert [notification(it)[1] for it in wild.told] == [[f"{ENTRY}/state/oper"]]
    assert [notification(it)[1] for it in above.told] == [[ENTRY]]
    assert elsewhere.told == []


def test_a_delete_of_what_is_not_there_is_not_told() -> None:
    state = with_two()
    subscriber = Subscriber(state, "/interfaces")
    state.apply(Delta({}, ("/interfaces/interface[name=swp9]",)), 6)
    assert subscriber.told == []


def test_what_is_said_again_is_told_again() -> None:
    state = with_two()
    subscriber = Subscriber(state, ENTRY)
    state.apply(Delta({f"{ENTRY}/state/oper": "UP"}), 9)
    assert [(it.update.timestamp, notification(it)) for it in subscriber.told] == [
        (9, ({f"{ENTRY}/state/oper": "UP"}, []))
    ]


def test_a_dump_repeats_when_each_leaf_was_set() -> None:
    state = with_two()
    state.apply(Delta({f"{ENTRY}/state/oper": "DOWN"}), 7)
    heard = Subscriber(state, "/interfaces").heard
    assert [(it.timestamp, len(it.update)) for it in heard.notifications] == [(5, 3), (7, 1)]


def test_a_dump_tells_rows_that_others_point_to_first_even_if_they_are_newer() -> None:
    attribute = f"{rib.ATTR_SETS}/attr-set[index=1]/state/origin"
    route = f"{rib.BGP}/rib/afi-safis/afi-safi[afi-safi-name=L2VPN_EVPN]/x"
    state = State(first=(rib.ATTR_SETS,))
    state.apply(Delta({route: 1}), 5)
    state.apply(Delta({attribute: "IGP"}), 6)
    heard = Subscriber(state, "/network-instances").heard
    assert [it.timestamp for it in heard.notifications] == [6, 5]


def test_a_dump_tells_the_leaf_of_an_entry_with_all_that_stands_in_its_list() -> None:
    entry = f"{ENTRY}/macs/mac[address=02]"
    state = State(context=("/producers/", "/state/l2-vni"))
    state.apply(
        Delta({f"{entry}/producers/producer[name=LOCAL]/state/seq": 1, f"{entry}/state/l2-vni": 10}), 5
    )
    state.apply(Delta({f"{entry}/producers/producer[name=BGP]/state/seq": 2, f"{entry}/state/l2-vni": 10}), 6)
    heard = Subscriber(state, "/interfaces").heard
    assert [(it.timestamp, len(it.update)) for it in heard.notifications] == [(5, 2), (6, 2)]


def test_a_large_dump_comes_in_notifications_of_bounded_size_with_a_common_prefix() -> None:
    state = State()
    entries = [f"/interfaces/interface[name=e{number}]" for number in range(messages.MAX_UPDATES)]
    tree = {f"{it}/state/{leaf}": "UP" for it in entries for leaf in ("admin-status", "oper-status")}
    state.apply(Delta(tree), 5)
    heard = Subscriber(state, "/interfaces").heard
    assert [len(it.update) for it in heard.notifications] == [500, 500]
    assert {it.prefix.elem[0].name for it in heard.notifications} == {"interfaces"}
    assert heard.tree == tree


def test_subscribers_with_equal_views_get_the_same_bytes_object() -> None:
    state = with_two()
    view = View(("/interfaces",), Encoding.PROTO)
    got: tuple[list[bytes], list[bytes]] = [], []
    for mine in got:
        state.join(view, mine.append)
    state.apply(Delta({f"{ENTRY}/state/oper": "DOWN"}), 6)
    assert got[0][0] is got[1][0]


def test_the_prefix_is_what_all_paths_share() -> None:
    state = with_two()
    subscriber = Subscriber(state, "/interfaces")
    state.apply(Delta({f"{ENTRY}/state/oper": "DOWN"}), 6)
    state.apply(Delta({f"{ENTRY}/state/oper": "UP", f"{OTHER}/a": 1}), 7)
    state.apply(Delta({f"{ENTRY}/state/oper": "DOWN", f"{ENTRY}/state/admin": "UP"}), 8)
    state.apply(Delta({f"{ENTRY}/state/oper": "DOWN"}, (OTHER,)), 9)
    prefixes = [text(it.update.prefix) for it in subscriber.told]
    assert prefixes == [f"{ENTRY}/state", "/interfaces", f"{ENTRY}/state", "/interfaces"]
    assert subscriber.heard.tree == state.tree()


def test_one_change_is_told_in_each_encoding_and_to_each_target_name() -> None:
    state = with_two()
    views = [
        View(("/interfaces",), Encoding.PROTO),
        View((ENTRY,), Encoding.PROTO, target="leaf1"),
        View(("/interfaces",), Encoding.JSON_IETF, origin="openconfig"),
        View((f"{ENTRY}/state/counter",), Encoding.JSON_IETF, wide=frozenset({"counter"})),
        View(("/interfaces",), Encoding.JSON),
    ]
    heard: list[list[bytes]] = [[] for _ in views]
    for view, mine in zip(views, heard, strict=True):
        state.join(view, mine.append)
    state.apply(Delta({f"{ENTRY}/state/counter": 7, f"{OTHER}/state/oper": "DOWN"}), 6)
    told = [gnmi_pb2.SubscribeResponse.FromString(message).update for (message,) in heard]
    assert [(it.prefix.target, it.prefix.origin) for it in told] == [
        ("", ""),
        ("leaf1", ""),
        ("", "openconfig"),
        ("", ""),
        ("", ""),
    ]
    assert [[update.val.WhichOneof("value") for update in it.update] for it in told] == [
        ["uint_val", "string_val"],
        ["uint_val"],
        ["json_ietf_val", "json_ietf_val"],
        ["json_ietf_val"],
        ["json_val", "json_val"],
    ]


def test_an_atomic_branch_is_told_as_one_to_those_who_asked_for_all_of_it() -> None:
    state = with_two()
    whole, part = Subscriber(state, "/interfaces"), Subscriber(state, f"{ENTRY}/state/oper")
    state.apply(Delta({f"{ENTRY}/state/admin": "DOWN"}), 6, atomic=f"{ENTRY}/state")
    assert [(it.update.atomic, len(it.update.update), len(it.update.delete)) for it in whole.told] == [
        (True, 1, 0)
    ]
    assert [(it.update.atomic, notification(it)) for it in part.told] == [
        (False, ({}, [f"{ENTRY}/state/oper"]))
    ]
    late = Subscriber(state, "/interfaces")
    assert [it.atomic for it in late.heard.notifications] == [False, True]
    state.apply(Delta({f"{ENTRY}/state/oper": "UP"}), 7)
    assert not any(it.atomic for it in Subscriber(state, "/interfaces").heard.notifications)


def test_an_atomic_notification_says_nothing_of_other_branches() -> None:
    state = with_two()
    with pytest.raises(ValueError, match="consists of updates below it"):
        state.apply(Delta({f"{OTHER}/state/oper": "UP"}), 6, atomic=f"{ENTRY}/state")


def test_a_computed_leaf_is_made_when_it_is_asked_for() -> None:
    state = State()
    state.compute("/system/state/current-datetime", str)
    view = View(("/system",), Encoding.PROTO)
    for now_ns in (5, 6):
        (leaf,) = state.snapshot(view, now_ns).leaves
        assert (leaf.value, leaf.time_ns) == (str(now_ns), now_ns)
