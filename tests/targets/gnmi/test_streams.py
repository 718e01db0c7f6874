"""What is sampled, without a network and without waiting."""

from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi import requests
from targets.gnmi.requests import Sampling
from targets.gnmi.state import State
from targets.gnmi.streams import Rounds
from targets.gnmi.target import Target
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.tree import Delta, Value
from tests.targets.gnmi import trees
from tests.targets.gnmi.client import SAMPLE, TARGET_DEFINED, Heard, Subscription, interfaces, subscribe

SECOND_NS = 1_000_000_000


def subtree(tree: dict[str, Value], asked: str) -> dict[str, Value]:
    return {trees.key_sorted(path): value for path, value in tree.items() if trees.covers(asked, path)}


@given(trees.changes, trees.asked, st.booleans())
def test_samples_lead_to_the_state_of_their_moment(changes: list[Delta], asked: str, suppress: bool) -> None:
    state = State()
    view = View((asked,), Encoding.PROTO)
    rounds = Rounds(state, Sampling(view, 1, suppress=suppress), 0.0)
    heard = Heard()
    for number, delta in enumerate(changes):
        state.apply(delta, number)
        if not suppress:  # what is gone is left to the subscriber to find out
            heard.tree.clear()
        for message in rounds.next(100 + number, float(number)):
            heard.hear(gnmi_pb2.SubscribeResponse.FromString(message))
        assert heard.tree == subtree(state.tree(), asked)
    assert all(it.timestamp >= 100 for it in heard.notifications)


def test_a_heartbeat_comes_at_its_time_and_not_just_before() -> None:
    state = State()
    state.apply(Delta(interfaces("swp1")), 5)
    sampling = Sampling(
        View(("/interfaces",), Encoding.PROTO), SECOND_NS, suppress=True, heartbeat_ns=10 * SECOND_NS
    )
    rounds = Rounds(state, sampling, 100.0)
    counts = {at_s: len(list(rounds.next(0, at_s))) for at_s in (109.0, 109.999, 110.0, 119.999, 120.0)}
    assert counts == {109.0: 0, 109.999: 0, 110.0: 1, 119.999: 0, 120.0: 1}


def test_one_view_tells_all_changes_unless_some_leaves_are_sampled() -> None:
    target = Target(State(), sampled={"/interfaces/interface/state/counters": SECOND_NS})
    both = subscribe("/system", Subscription("/network-instances", TARGET_DEFINED))
    some = subscribe("/system", Subscription("/interfaces/interface[name=a]", TARGET_DEFINED))
    plans = [requests.subscription(it.SerializeToString(), target) for it in (both, some)]
    assert [[(it.asked, it.skipped) for it in plan.changes] for plan in plans] == [
        [(("/system", "/network-instances"), ())],
        [
            (("/system",), ()),
            (("/interfaces/interface[name=a]",), ("/interfaces/interface/state/counters",)),
        ],
    ]
    assert [it.view.asked for it in plans[1].samplings] == [("/interfaces/interface[name=a]/state/counters",)]


def test_an_interval_of_zero_is_the_fastest() -> None:
    request = subscribe(Subscription("/interfaces", SAMPLE))
    (sampling,) = requests.subscription(request.SerializeToString(), Target(State())).samplings
    assert sampling.interval_ns == SECOND_NS
