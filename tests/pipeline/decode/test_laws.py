"""Laws of decode: batching and encoding change nothing, and nothing that comes in makes it fail."""

from base64 import b64encode
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from collectors.records import Kind, Record, encode_record
from pipeline.decode import Decoded, decode
from pipeline.schema import CONTROL, DEAD, ENTITIES, partial_schema
from tests.pipeline.decode.said import Element, batch, down, json_ietf, notification, proto, record

INSTANCE: Element = ("network-instance", {"name": "default"})
BGP = [
    ("network-instances", {}),
    INSTANCE,
    ("protocols", {}),
    ("protocol", {"identifier": "BGP", "name": "b"}),
]
RIB = [*BGP, *down("bgp", "rib")]
VXLAN = [
    *BGP[:2],
    ("connection-points", {}),
    ("connection-point", {"connection-point-id": "1"}),
    ("endpoints", {}),
    ("endpoint", {"endpoint-id": "1"}),
    ("vxlan", {}),
]

names = st.sampled_from(["Ethernet1/1", "Ethernet1/[2]", "*", "", "ä"])
macs = st.sampled_from(["00:11:c0:08:00:01", "00:11:C0:08:00:01", "0011.c008.0002", "nonsense"])
addresses = st.sampled_from(
    ["10.0.0.1", "0.0.0.0", "2001:db8::1", "2001:DB8:0::1", "::", "::ffff:10.0.0.1", "10.0.0"]
)
esis = st.sampled_from(["00112233445566778899", "0" * 20, "0011.2233.4455.6677.8899", "AUTO", "?"])
values = st.one_of(
    st.integers(min_value=0, max_value=2**64 - 1),
    st.sampled_from(["UP", "1010", "true", "openconfig-bgp-types:IGP", ""]),
    st.booleans(),
    addresses,
    macs,
    esis,
    st.lists(
        st.one_of(st.sampled_from(["route-target:65000:1", "x"]), st.binary(min_size=8, max_size=8)),
        max_size=2,
    ),
    st.lists(st.integers(min_value=0, max_value=2**32), max_size=2),
)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.sampled_from(["UP", "1"]),
        names,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "interface",
                    "name",
                    "state",
                    "oc:state",
                    "oper-status",
                    "counters",
                    "carrier-transitions",
                    "vni",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@st.composite
def paths(draw: st.DrawFn) -> list[Element]:
    """Paths to leaves, containers, list entries and branches, and some that mean nothing."""
    route = [
        *RIB,
        *down("afi-safis"),
        ("afi-safi", {"afi-safi-name": "L2VPN_EVPN"}),
        *down("l2vpn-evpn", "loc-rib", "routes"),
        ("route-distinguisher", {"route-distinguisher": draw(st.sampled_from(["10.0.0.1:1", "65000:1"]))}),
        ("type-two-mac-ip-advertisement", {}),
        (
            "type-two-route",
            {
                "ethernet-tag": "0",
                "mac-address": draw(macs),
                "mac-length": "48",
                "ip-prefix": draw(addresses),
                "ip-length": draw(st.sampled_from(["0", "32"])),
            },
        ),
        ("paths", {}),
        (
            "path",
            {
                "peer-ip": draw(addresses),
                "peer-path-id": "0",
                "source-route-distinguisher": "0:0",
                "source-address-family": "L2VPN_EVPN",
            },
        ),
        ("state", {}),
        (draw(st.sampled_from(["label", "esi", "bestpath", "attr-index", "peer-ip"])), {}),
    ]
    mac = [
        *BGP[:2],
        *down("fdb", "l2rib", "mac-table", "entries"),
        ("entry", {"mac-address": draw(macs)}),
        *draw(
            st.sampled_from(
                [
                    down("state", "l2-vni"),
                    [("producers", {}), ("producer", {"producer": "BGP"}), *down("state", "seq-number")],
                    [("producers", {}), ("producer", {"producer": "*"}), *down("state", "esi")],
                ]
            )
        ),
    ]
    link = [
        ("interfaces", {}),
        ("interface", draw(st.sampled_from([{"name": draw(names)}, {}]))),
        *draw(
            st.sampled_from(
                [
                    down("state", "oper-status"),
                    down("state", "counters", "carrier-transitions"),
                    down("state", "name"),
                    down("state", "mtu"),
                    [
                        ("subinterfaces", {}),
                        ("subinterface", {"index": "0"}),
                        *down("ipv4", "addresses"),
                        ("address", {"ip": draw(addresses)}),
                        *down("state", "prefix-length"),
                    ],
                ]
            )
        ),
    ]
    attributes = [
        *RIB,
        *draw(
            st.sampled_from(
                [
                    [("attr-sets", {}), ("attr-set", {"index": "7"}), *down("state", "next-hop")],
                    [
                        ("attr-sets", {}),
                        ("attr-set", {"index": "7"}),
                        ("as-path", {}),
                        ("as-segment", {"index": "0"}),
                        *down("state", "member"),
                    ],
                    [
                        ("ext-communities", {}),
                        ("ext-community", {"index": "9"}),
                        *down("state", "ext-community"),
                    ],
                ]
            )
        ),
    ]
    vtep = [
        *VXLAN,
        *draw(
            st.sampled_from(
                [
                    [("endpoint-peers", {}), ("endpoint-peer", {"peer-address": draw(addresses)})],
                    [("endpoint-vnis", {}), ("endpoint-vni", {"vni": "1010"})],
                ]
            )
        ),
        *down("state", draw(st.sampled_from(["vni-state", "peer-state"]))),
    ]
    path = draw(st.sampled_from([route, mac, link, attributes, vtep]))
    return path[: draw(st.integers(min_value=max(0, len(path) - 8), max_value=len(path)))]


@st.composite
def notifications(draw: st.DrawFn) -> bytes:
    updates = draw(
        st.lists(st.tuples(paths(), st.one_of(values.map(proto), json_values.map(json_ietf))), max_size=6)
    )
    deletes = draw(st.lists(paths(), max_size=3))
    prefix = draw(st.one_of(st.just([]), paths()))
    if prefix:
        updates = [(path[len(prefix) :], value) for path, value in updates if path[: len(prefix)] == prefix]
        deletes = [path[len(prefix) :] for path in deletes if path[: len(prefix)] == prefix]
    said = notification(updates, deletes, prefix, atomic=draw(st.booleans()))
    return record(said, profile=draw(st.sampled_from(["openconfig", "openconfig", "openconfig", "nothing"])))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A record with some bytes wrong or missing."""
    raw = bytearray(draw(notifications()))
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        raw[draw(st.integers(min_value=0, max_value=len(raw) - 1))] = draw(
            st.integers(min_value=0, max_value=255)
        )
    return bytes(raw[: draw(st.integers(min_value=0, max_value=len(raw)))])


others = st.sampled_from(
    [
        encode_record(Record(Kind.TICK)),
        encode_record(Record(Kind.START, "openconfig", "link", "s1", json=b"{}")),
        encode_record(Record(Kind.RESPONSE, "openconfig", "link", "s1", response=b"\x18\x01")),
    ]
)
records = st.one_of(notifications(), notifications(), damaged(), others, st.binary(max_size=40))


def rows_by_offset(decoded: Decoded, table: str) -> pl.DataFrame:
    """Return the rows of a table with the offset of their record in place of its number."""
    rows = decoded.tables.get(table, pl.DataFrame(schema=partial_schema(ENTITIES[table])))
    offsets = decoded.control.select("offset", record=pl.int_range(pl.len(), dtype=pl.UInt32))
    return rows.join(offsets, on="record", maintain_order="left").drop("record")


def assert_same(one: list[Decoded], other: list[Decoded]) -> None:
    for part in ("control", "dead"):
        assert_frame_equal(
            pl.concat(getattr(d, part) for d in one), pl.concat(getattr(d, part) for d in other)
        )
    for table in ENTITIES:
        assert_frame_equal(
            pl.concat(rows_by_offset(d, table) for d in one),
            pl.concat(rows_by_offset(d, table) for d in other),
        )
    counts = [
        pl.concat(d.unmapped for d in some).group_by("path").agg(pl.col("count").sum())
        for some in (one, other)
    ]
    assert_frame_equal(*counts, check_row_order=False)


@given(st.lists(records, min_size=1, max_size=6), st.data())
def test_batching_changes_nothing(said: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(min_value=0, max_value=len(said)))
    split = [decode(batch(said[:cut])), decode(batch(said[cut:], first=cut))]

    assert_same([decode(batch(said))], split)


@given(st.lists(records, min_size=1, max_size=4), st.one_of(damaged(), st.binary(max_size=60)), st.data())
def test_a_garbage_record_never_changes_other_rows(
    said: list[bytes], garbage: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(said)))
    before, after = decode(batch(said[:at])), decode(batch(said[at:], first=at + 1))
    alone = decode(batch([garbage], first=at))

    assert_same([before, alone, after], [decode(batch([*said[:at], garbage, *said[at:]]))])


@given(st.lists(st.one_of(st.binary(max_size=200), damaged()), max_size=5))
def test_any_bytes_give_frames_of_the_schema(said: list[bytes]) -> None:
    decoded = decode(batch(said))

    assert decoded.control.schema == pl.Schema(CONTROL)
    assert decoded.dead.schema == pl.Schema(DEAD)
    for table, rows in decoded.tables.items():
        assert rows.schema == partial_schema(ENTITIES[table])


@given(st.lists(records, max_size=5))
def test_index_counts_the_rows_of_a_record_over_all_tables(said: list[bytes]) -> None:
    decoded = decode(batch(said))
    rows = [rows.select("record", "index") for rows in decoded.tables.values()]
    if rows:
        per_record = pl.concat(rows).group_by("record").agg(pl.col("index").sort())
        for indexes in per_record["index"].to_list():
            assert indexes == list(range(len(indexes)))


@given(st.lists(records, max_size=5))
def test_a_record_has_one_row_per_key_and_what_goes_never_comes_with_it(said: list[bytes]) -> None:
    for table, rows in decode(batch(said)).tables.items():
        own = rows.filter(pl.col("op").is_in(["update", "replace", "delete"]))
        assert not own.select("record", *ENTITIES[table].keys).is_duplicated().any()


# One state of a device and its encodings --------------------------------------------------------------------

octets = st.binary(min_size=8, max_size=8)


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    """A tree as JSON has it, entries of lists as dicts under ``list[key]``, leaves as Python values."""
    interfaces = draw(
        st.dictionaries(
            st.sampled_from(["Ethernet1/1", "Ethernet1/2", "Port-Channel[1]"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "state": st.fixed_dictionaries(
                        {"oper-status": st.sampled_from(["UP", "DOWN"])},
                        optional={
                            "ifindex": st.integers(min_value=0, max_value=2**32 - 1),
                            "last-change": st.integers(min_value=0, max_value=2**62),
                            "type": st.just("iana-if-type:ethernetCsmacd"),
                        },
                    ),
                    "ethernet": st.fixed_dictionaries(
                        {"state": st.just({"aggregate-id": "Port-Channel[1]"})}
                    ),
                },
            ),
            max_size=3,
        )
    )
    segments = draw(
        st.dictionaries(
            st.sampled_from(["es-1", "es/2"]),
            st.fixed_dictionaries(
                {
                    "state": st.fixed_dictionaries(
                        {"esi": st.sampled_from(["0" * 20, "00112233445566778899"])}
                    ),
                    "df-election": st.fixed_dictionaries(
                        {
                            "state": st.fixed_dictionaries(
                                {
                                    "preference": st.integers(min_value=0, max_value=65535),
                                    "revertive": st.booleans(),
                                }
                            )
                        }
                    ),
                }
            ),
            max_size=2,
        )
    )
    communities = draw(
        st.dictionaries(
            st.sampled_from(["9", "10"]),
            st.fixed_dictionaries(
                {"state": st.fixed_dictionaries({"ext-community": st.lists(octets, max_size=3)})}
            ),
            max_size=2,
        )
    )
    entries: dict[str, dict[str, Any]] = draw(
        st.dictionaries(
            st.sampled_from(["00:11:c0:08:00:01", "00:11:C0:08:00:02"]),
            st.fixed_dictionaries(
                {"producers": st.just({})},
                optional={
                    "state": st.fixed_dictionaries({"l2-vni": st.integers(min_value=1, max_value=2**24 - 1)})
                },
            ),
            max_size=2,
        )
    )
    for entry in entries.values():
        entry["producers"] = {
            "producer[producer]": draw(
                st.dictionaries(
                    st.sampled_from(["LOCAL", "BGP"]),
                    st.fixed_dictionaries(
                        {
                            "state": st.fixed_dictionaries(
                                {"seq-number": st.integers(min_value=0, max_value=2**32 - 1)}
                            )
                        }
                    ),
                    min_size=1,
                    max_size=2,
                )
            )
        }
    instance = {
        "fdb": {"l2rib": {"mac-table": {"entries": {"entry[mac-address]": entries}}}},
        "protocols": {
            "protocol[name]": {
                "b": {"bgp": {"rib": {"ext-communities": {"ext-community[index]": communities}}}}
            }
        },
    }
    return {
        "interfaces": {"interface[name]": interfaces},
        "ethernet-segments": {"ethernet-segment[name]": segments},
        "network-instances": {"network-instance[name]": {"default": instance}},
    }


def leaves(tree: dict[str, Any], above: list[Element]) -> list[tuple[list[Element], Any]]:
    """Return all leaves of a tree with their paths."""
    found: list[tuple[list[Element], Any]] = []
    for name, value in tree.items():
        element, _, key = name.rstrip("]").partition("[")
        if key:
            for entry, content in value.items():
                found += leaves(content, [*above, (element, {key: entry})])
        elif isinstance(value, dict):
            found += leaves(value, [*above, (element, {})])
        else:
            found.append(([*above, (element, {})], value))
    return found


def as_json(value: Any, *, wide: bool = False) -> Any:
    """Return a leaf as JSON_IETF has it."""
    if isinstance(value, list):
        return [b64encode(item).decode() for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and wide:
        return str(value)
    return value


def container(tree: dict[str, Any], prefix: str, *, wide: bool) -> dict[str, Any]:
    """Return a tree as one JSON object."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        element, _, key = name.rstrip("]").partition("[")
        if key:
            found[prefix + element] = [
                {key: entry, **container(content, prefix, wide=wide)} for entry, content in value.items()
            ]
        elif isinstance(value, dict):
            found[prefix + element] = container(value, prefix, wide=wide)
        else:
            found[prefix + element] = as_json(value, wide=wide)
    return found


def entities(said: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return rows by table, in the order of their keys: the order of telling is the encoding's."""
    decoded = decode(batch([said]))
    assert decoded.dead.is_empty()
    return {
        table: sorted((row for row in rows.drop("index").iter_rows(named=True)), key=repr)
        for table, rows in decoded.tables.items()
    }


@given(states(), st.sampled_from(["", "openconfig-interfaces:"]), st.booleans())
def test_every_encoding_of_a_state_gives_the_same_rows(
    state: dict[str, Any], prefix: str, wide: bool
) -> None:
    told = leaves(state, [])
    expected = entities(record(notification((path, proto(value)) for path, value in told)))

    leaf_by_leaf = notification((path, json_ietf(as_json(value, wide=wide))) for path, value in told)
    at_once = notification([([], json_ietf(container(state, prefix, wide=wide)))])
    by_branch = notification(
        ([(name, {})], json_ietf(container(branch, prefix, wide=wide))) for name, branch in state.items()
    )
    for said in (leaf_by_leaf, at_once, by_branch):
        assert entities(record(said)) == expected


@given(states(), st.randoms())
def test_the_order_of_updates_does_not_matter(state: dict[str, Any], random: Any) -> None:
    told = leaves(state, [])
    expected = entities(record(notification((path, proto(value)) for path, value in told)))
    random.shuffle(told)

    assert entities(record(notification((path, proto(value)) for path, value in told))) == expected


@given(states(), st.integers(min_value=0, max_value=3))
def test_a_prefix_is_part_of_the_path(state: dict[str, Any], depth: int) -> None:
    told = [(path, value) for path, value in leaves(state, []) if path[0][0] == "network-instances"]
    expected = entities(record(notification((path, proto(value)) for path, value in told)))
    prefix = told[0][0][:depth] if told else []
    within = [(path[depth:], proto(value)) for path, value in told if path[:depth] == prefix]

    if len(within) == len(told):
        assert entities(record(notification(within, prefix=prefix))) == expected
