"""What a change, a subscription and a Get cost, in calls of functions: time would depend on the machine."""

import gc
import sys
from collections.abc import Callable
from typing import Any

from targets.gnmi import paths
from targets.gnmi.state import State
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.tree import Delta
from tests.targets.gnmi.client import interfaces

STATUS = "/interfaces/interface[name=swp1]/state/oper-status"
MINE = View(("/interfaces/interface[name=swp1]",), Encoding.PROTO)


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called, once all caches are warm."""
    work()
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # some listen to it, by calls of functions
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def state(size: int) -> State:
    made = State()
    made.apply(Delta(interfaces(*(f"swp{number}" for number in range(size)))), 5)
    return made


def change(made: State) -> Callable[[], None]:
    return lambda: made.apply(Delta({STATUS: "DOWN"}), 6)


def test_a_change_costs_the_same_in_a_large_tree() -> None:
    costs = set()
    for size in (10, 10_000):
        made = state(size)
        made.join(MINE, lambda _: None)
        costs.add(calls(change(made)))
    assert len(costs) == 1


def test_a_change_costs_the_same_among_many_subscribers_of_other_branches() -> None:
    costs = set()
    for others in (10, 1_000):
        made = state(10)
        for number in range(others):
            made.join(View((f"/interfaces/interface[name=x{number}]",), Encoding.PROTO), lambda _: None)
        made.join(MINE, lambda _: None)
        costs.add(calls(change(made)))
    assert len(costs) == 1


def test_a_change_is_encoded_once_for_all_who_hear_of_it() -> None:
    costs = []
    for members in (1, 101):
        made = state(10)
        for _ in range(members):
            heard: list[bytes] = []
            made.join(MINE, heard.append)
        costs.append(calls(change(made)))
    assert costs[1] - costs[0] == 100  # each is handed the message


def test_a_delete_costs_the_same_in_a_large_tree() -> None:
    costs = set()
    for size in (10, 10_000):
        made = state(size)
        made.join(MINE, lambda _: None)

        def go_and_come(made: State = made) -> None:
            made.apply(Delta({STATUS: "UP"}, ("/interfaces/interface[name=swp1]",)), 6)

        costs.add(calls(go_and_come))
    assert len(costs) == 1


def test_a_branch_is_dumped_and_got_without_a_look_at_the_others() -> None:
    costs = set()
    for size in (10, 10_000):
        made = state(size)

        def ask(made: State = made) -> None:
            list(made.dump(MINE, made.snapshot(MINE, 0)))
            list(made.match(paths.pattern(paths.elements(STATUS))))

        costs.add(calls(ask))
    assert len(costs) == 1
