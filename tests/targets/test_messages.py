from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from targets import messages
from targets.messages import MAX_UPDATES, portions, responses, sync_response
from targets.openconfig import rib
from targets.openconfig.families import FAMILIES
from targets.tree import Delta, Value, patched
from tests.targets.frr.readback import path_text, value_of

ATTR = f"{rib.ATTR_SETS}/attr-set[index=1]"
EXT = f"{rib.EXT_COMMUNITIES}/ext-community[index=2]"


def route(number: int) -> str:
    nlri = rib.Nlri(rib.RouteType.MAC_IP, mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
    return f"{rib.route_entry('10.0.0.1:2', nlri)}/paths/path[peer-ip=10.0.0.1]"


def read(delta: Delta, family: str = "routes") -> list[tuple[list[str], dict[str, Value]]]:
    """Return deletes and updates of each notification."""
    out = []
    for message in responses(FAMILIES[family], delta, 5):
        notification = gnmi_pb2.SubscribeResponse.FromString(message).update
        assert notification.timestamp == 5
        prefix = path_text(notification.prefix)
        assert prefix == FAMILIES[family].prefix
        out.append(
            (
                [prefix + path_text(path) for path in notification.delete],
                {prefix + path_text(it.path): value_of(it.val) for it in notification.update},
            )
        )
    return out


def test_values_keep_their_types() -> None:
    values: dict[str, Value] = {
        "text": "1",
        "yes": True,
        "no": False,
        "zero": 0,
        "large": 2**64 - 1,
        "octets": b"\x00\xff",
        "list": (b"\x01", "text", 7, True),
        "empty": (),
    }
    updates = {f"/interfaces/interface[name=a/b]/state/{leaf}": value for leaf, value in values.items()}
    ((_, told),) = read(Delta(updates), "link")
    assert told == updates
    assert {leaf: type(value) for leaf, value in told.items()} == {
        leaf: type(value) for leaf, value in updates.items()
    }


ROWS = [f"{rib.ATTR_SETS}/attr-set[index={number}]" for number in range(3)]
LEAVES = [
    *(f"{row}/{leaf}" for row in ROWS for leaf in ("state/origin", "as-path/as-segment[index=0]/state/type")),
    *(f"{route(number)}/state/{leaf}" for number in range(2) for leaf in ("label", "attr-index")),
]
PATHS = [*LEAVES, *ROWS, *(f"{row}/as-path/as-segment[index=0]" for row in ROWS), route(0), route(1)]


@given(
    st.dictionaries(st.sampled_from(LEAVES), st.integers(0, 2)),
    st.dictionaries(st.sampled_from(LEAVES), st.integers(3, 5)),
    st.lists(st.sampled_from(PATHS), unique=True),
)
def test_portions_make_of_any_tree_what_the_difference_makes_of_it(
    tree: dict[str, Value], updates: dict[str, Value], deletes: list[str]
) -> None:
    delta = Delta(updates, tuple(sorted(deletes, reverse=True)))
    made: dict[str, Value] = tree
    for portion in portions(delta, FAMILIES["routes"]):
        made = patched(made, portion)
    assert made == patched(tree, delta)


def test_rows_that_routes_point_to_come_before_them_and_go_after_them() -> None:
    delta = Delta(
        {f"{route(1)}/state/attr-index": 1, f"{ATTR}/state/origin": "IGP"},
        (route(2), EXT),
    )
    assert read(delta) == [
        ([], {f"{ATTR}/state/origin": "IGP"}),
        ([route(2)], {f"{route(1)}/state/attr-index": 1}),
        ([EXT], {}),
    ]


def test_large_dumps_are_split_and_no_entry_is_torn_apart() -> None:
    leaves = ("attr-index", "bestpath", "valid-route")
    updates: dict[str, Value] = {
        f"{route(number)}/state/{leaf}": 1 for number in range(400) for leaf in leaves
    }
    notifications = read(Delta(updates))
    assert [len(told) for _, told in notifications] == [498, 498, 204]
    assert {path: value for _, told in notifications for path, value in told.items()} == updates
    entries = [{path.rpartition("/state/")[0] for path in told} for _, told in notifications]
    assert not entries[0] & entries[1]


def test_many_deletes_are_split_and_come_before_the_updates() -> None:
    deletes = tuple(route(number) for number in range(2 * MAX_UPDATES + 1))
    notifications = read(Delta({f"{route(5000)}/state/attr-index": 1}, deletes))
    assert [(len(gone), len(told)) for gone, told in notifications] == [(500, 0), (500, 0), (1, 1)]
    assert tuple(path for gone, _ in notifications for path in gone) == deletes


def test_an_entry_larger_than_a_notification_is_still_said_whole() -> None:
    updates: dict[str, Value] = {f"{route(1)}/state/leaf-{number}": 1 for number in range(MAX_UPDATES + 1)}
    ((_, told),) = read(Delta(updates))
    assert told == updates


def test_what_is_read_back_patches_as_the_difference_itself() -> None:
    tree: dict[str, Value] = {
        f"{route(1)}/state/a": 1,
        f"{route(2)}/state/a": 1,
        f"{ATTR}/state/origin": "IGP",
    }
    delta = Delta({f"{route(3)}/state/a": 2}, (route(2), ATTR))
    ends = dict(tree)
    for gone, told in read(delta):
        ends = patched(ends, Delta(told, tuple(gone)))
    assert ends == patched(tree, delta)


def test_no_difference_needs_no_message() -> None:
    assert list(responses(FAMILIES["routes"], Delta({}), 5)) == []


def test_a_sync_response_is_one() -> None:
    assert gnmi_pb2.SubscribeResponse.FromString(sync_response()).sync_response


def test_the_same_difference_gives_the_same_bytes_in_any_order() -> None:
    updates: dict[str, Value] = {f"{route(number)}/state/attr-index": number for number in range(9)}
    shuffled = dict(reversed(updates.items()))
    family = FAMILIES["routes"]
    assert list(messages.responses(family, Delta(updates), 5)) == list(
        messages.responses(family, Delta(shuffled), 5)
    )


def test_portions_said_one_after_the_other_are_the_difference() -> None:
    tree: dict[str, Value] = {f"{route(number)}/state/a": number for number in range(1_500)}
    tree |= {f"{ATTR}/state/origin": "IGP"}
    delta = Delta(
        {f"{route(number)}/state/a": 7 for number in range(1_000, 2_000)} | {f"{EXT}/state/x": 1},
        (*(route(number) for number in range(700)), ATTR),
    )
    said = list(portions(delta, FAMILIES["routes"]))
    ends = dict(tree)
    for portion in said:
        assert max(len(portion.updates), len(portion.deletes)) <= MAX_UPDATES
        ends = patched(ends, portion)
    assert ends == patched(tree, delta)
    assert (said[0].updates, said[-1].deletes) == ({f"{EXT}/state/x": 1}, (ATTR,))


def test_what_a_list_needs_to_be_understood_is_not_torn_from_it_at_the_limit() -> None:
    macs = [
        f"/network-instances/network-instance[name=b]/fdb/l2rib/mac-table/entries/entry[mac-address={n}]"
        for n in range(MAX_UPDATES)
    ]
    leaves = ("producers/producer[producer=BGP]/state/seq-number", "state/l2-vni")
    delta = Delta({f"{mac}/{leaf}": 1 for mac in macs for leaf in leaves})
    for portion in portions(delta, FAMILIES["mac"]):
        assert len(portion.updates) <= MAX_UPDATES
        assert {path.partition("/producers")[0] for path in portion.updates if "producers" in path} == {
            path.removesuffix("/state/l2-vni") for path in portion.updates if "producers" not in path
        }
