"""What a subscriber of a small device hears, as text: ``golden/<case>.txt``.

``pytest --update-golden`` rewrites them; read the diff.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import text_format
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi.state import State
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding
from targets.openconfig import rib
from targets.openconfig.target import openconfig_state
from targets.tree import Delta

GOLDEN = Path(__file__).parent / "golden"
ROUTE = rib.route_entry("10.0.0.1:2", rib.Nlri(rib.RouteType.MAC_IP, mac="02:00:00:00:00:01"))
PATH = f"{ROUTE}/paths/path[peer-ip=10.0.0.1][peer-path-id=0]"
ATTRIBUTES = f"{rib.ATTR_SETS}/attr-set[index=1]"
SWP1 = "/interfaces/interface[name=Ethernet1/1]"


def routes(state: State) -> None:
    state.apply(
        Delta(
            {
                f"{PATH}/state/attr-index": 1,
                f"{PATH}/state/bestpath": True,
                f"{ATTRIBUTES}/state/origin": "IGP",
            }
        ),
        1_000,
    )


def withdrawal(state: State) -> None:
    state.apply(Delta({}, (ROUTE, ATTRIBUTES)), 2_000)


def interface(state: State) -> None:
    state.apply(Delta({f"{SWP1}/state/oper-status": "UP", f"{SWP1}/state/last-change": 7}), 1_000)


def restart(state: State) -> None:
    state.apply(Delta({f"{SWP1}/state/oper-status": "DOWN"}), 2_000, atomic=f"{SWP1}/state")


CASES: dict[str, tuple[View, Callable[[State], None], Callable[[State], None]]] = {
    "routes": (View(("/network-instances",), Encoding.PROTO, target="leaf1"), routes, withdrawal),
    "one-leaf-of-routes": (
        View((f"{rib.BGP.replace('[name=default]', '')}/rib/.../attr-index",), Encoding.PROTO),
        routes,
        withdrawal,
    ),
    "atomic": (View(("/interfaces",), Encoding.PROTO, origin="openconfig"), interface, restart),
    "json-ietf": (
        View(("/interfaces",), Encoding.JSON_IETF, wide=frozenset({"last-change"})),
        interface,
        restart,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_subscriber_hears_what_is_written(case: str, request: pytest.FixtureRequest) -> None:
    view, before, after = CASES[case]
    state = openconfig_state()
    before(state)
    heard: list[bytes] = []
    state.join(view, heard.append)
    dump = list(state.dump(view, state.snapshot(view, 0)))
    after(state)
    said = "\n".join(
        text_format.MessageToString(gnmi_pb2.SubscribeResponse.FromString(message))
        for message in dump + heard
    )
    golden = GOLDEN / f"{case}.txt"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said)
    assert said == golden.read_text()


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)
