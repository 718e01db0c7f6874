"""An OpenConfig target as gNMI serves it: models, branches and how their values are spelled."""

import time
from collections.abc import Callable
from typing import Final

from targets.gnmi.state import State
from targets.gnmi.target import Model, Target
from targets.openconfig.families import FAMILIES, LIVENESS_INTERVAL_NS, LIVENESS_PATH, datetime_text

MODELS: Final = (
    Model("openconfig-interfaces"),
    Model("openconfig-network-instance", "4.7.0"),
    Model("openconfig-bgp"),
    Model("openconfig-rib-bgp"),
    Model("openconfig-evpn", "0.11.0"),
    Model("openconfig-ethernet-segments", "0.2.0"),
    Model("openconfig-lacp"),
    Model("openconfig-lldp"),
    Model("openconfig-bfd"),
    Model("openconfig-isis"),
    Model("openconfig-ospfv2"),
    Model("openconfig-system"),
)
BRANCHES: Final = (
    "/interfaces",
    "/network-instances",
    "/ethernet-segments",
    "/lacp",
    "/lldp",
    "/bfd",
    "/system",
)
WIDE: Final = frozenset(
    {
        "attr-index",
        "carrier-transitions",
        "established-transitions",
        "ext-community-index",
        "failure-transitions",
        "last-change",
        "last-established",
        "last-established-time",
        "last-failure-time",
        "last-modified",
        "link-transitions",
        "up-timestamp",
        "uptime",
    }
)
"""Leaves of type uint64, counter64 and timeticks64."""
_SAMPLED: Final = {
    "/interfaces/interface/state/counters": 10_000_000_000,
    LIVENESS_PATH: LIVENESS_INTERVAL_NS,
}


def openconfig_state() -> State:
    """Return an empty state but for the clock."""
    state = State(first=FAMILIES["routes"].joined, context=FAMILIES["mac"].context, wide=WIDE)
    state.compute(LIVENESS_PATH, datetime_text)
    return state


def openconfig_target(clock: Callable[[], int] = time.time_ns) -> Target:
    """Return a target that has said nothing yet; ``clock`` is the device's, ns since the epoch."""
    return Target(openconfig_state(), models=MODELS, serves=BRANCHES, sampled=_SAMPLED, clock=clock)
