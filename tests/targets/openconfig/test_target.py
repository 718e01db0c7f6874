import pytest

from collectors.profiles import Mode, profile
from targets.gnmi import requests
from targets.gnmi.requests import RequestError
from targets.openconfig.families import FAMILIES
from targets.openconfig.target import BRANCHES, openconfig_state, openconfig_target
from targets.tree import Delta
from tests.targets.gnmi.client import ON_CHANGE, SAMPLE, Subscription, subscribe

MODES = {Mode.ON_CHANGE: ON_CHANGE, Mode.SAMPLE: SAMPLE}


def test_all_that_the_profile_asks_for_is_taken() -> None:
    target = openconfig_target(lambda: 0)
    for asked in profile("openconfig").subscriptions:
        interval_ns = 0 if asked.interval is None else round(asked.interval.total_seconds() * 1e9)
        request = subscribe(*(Subscription(path, MODES[asked.mode], interval_ns) for path in asked.paths))
        assert requests.subscription(request.SerializeToString(), target).mode == "STREAM"


def test_each_family_lies_in_a_branch_that_is_served() -> None:
    for family in FAMILIES.values():
        assert family.prefix.startswith(BRANCHES)


def test_other_models_are_not_taken() -> None:
    with pytest.raises(RequestError, match="/acl is unknown"):
        requests.subscription(subscribe("/acl").SerializeToString(), openconfig_target())


def test_a_new_state_holds_nothing_but_the_clock() -> None:
    state = openconfig_state()
    assert state.tree(1_000) == {"/system/state/current-datetime": "1970-01-01T00:00:00.000001+00:00"}
    state.apply(Delta({"/interfaces/interface[name=a]/state/mtu": 1}), 5)
    assert len(state.tree()) == 2
