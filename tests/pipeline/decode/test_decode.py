"""The control frame, dead letters and what a record costs that can't be read."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from pygnmi.spec.v080 import gnmi_pb2

from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.schema import CONTROL, DEAD
from tests.pipeline.decode.said import batch, down, interface, json_ietf, notification, proto, record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UP = [([*interface("Ethernet1/1"), *down("state", "oper-status")], proto("UP"))]


def test_an_empty_batch_gives_the_full_schema() -> None:
    decoded = decode(batch([]))
    assert decoded.control.schema == pl.Schema(CONTROL)
    assert decoded.dead.schema == pl.Schema(DEAD)
    assert (len(decoded.control), decoded.tables, len(decoded.dead), len(decoded.unmapped)) == (0, {}, 0, 0)


def test_the_control_frame_says_what_the_envelope_says() -> None:
    said = notification(UP, timestamp=1_700_000_000_123_456_789)
    said.update[0].duplicates = 2
    response = gnmi_pb2.SubscribeResponse(update=said).SerializeToString()
    value = encode_record(
        Record(Kind.RESPONSE, "openconfig", "link", "s1", 7, 1_700_000_000_999_999_999, response)
    )
    decoded = decode(RawBatch(np.array([41]), np.array([1_700_000_001_234]), ["leaf1"], [value]))

    assert decoded.control.row(0, named=True) == {
        "offset": 41,
        "record_time": EPOCH + timedelta(milliseconds=1_700_000_001_234),
        "device": "leaf1",
        "kind": 1,
        "profile": "openconfig",
        "family": "link",
        "session": "s1",
        "seq": 7,
        "recv_time": EPOCH + timedelta(microseconds=1_700_000_000_999_999),
        "event_time": EPOCH + timedelta(microseconds=1_700_000_000_123_456),
        "sync": False,
        "updates": 1,
        "duplicates": 2,
        "json": b"",
    }


def test_ticks_starts_and_syncs_have_control_rows_and_nothing_else() -> None:
    values = [
        encode_record(Record(Kind.TICK)),
        encode_record(Record(Kind.START, "openconfig", "link", "s1", json=b'{"role":"leaf"}')),
        encode_record(Record(Kind.RESPONSE, "openconfig", "link", "s1", 1, response=b"\x18\x01")),
        encode_record(Record(Kind.RESPONSE, "openconfig", "link", "s1", 2)),
    ]
    decoded = decode(batch(values))

    assert decoded.control["kind"].to_list() == [4, 2, 1, 1]
    assert decoded.control["sync"].to_list() == [False, False, True, False]
    assert decoded.control["json"].to_list() == [b"", b'{"role":"leaf"}', b"", b""]
    assert decoded.control["event_time"].null_count() == len(values)
    assert (decoded.tables, len(decoded.dead)) == ({}, 0)


def test_a_malformed_message_costs_only_itself() -> None:
    good = record(notification(UP))
    broken = encode_record(Record(Kind.RESPONSE, "openconfig", "link", "s1", 5, response=b"\x0a\x05abc"))
    decoded = decode(batch([good, b"\xff\xff", broken, b"", good]))

    assert decoded.control["offset"].to_list() == [0, 2, 4]
    assert decoded.control["seq"].to_list() == [0, 5, 0]
    assert decoded.tables["link"]["record"].to_list() == [0, 2]
    assert decoded.dead["offset"].to_list() == [1, 2, 3]
    assert all("malformed" in reason for reason in decoded.dead["reason"][:2])
    assert decoded.dead["reason"][2] == "unknown kind of record: 0"


@pytest.mark.parametrize("bad", [0, 1, 127, 128, 511])
def test_one_bad_record_is_found_wherever_it_stands(bad: int) -> None:
    values = [record(notification(UP), seq=seq) for seq in range(512)]
    values[bad] = values[bad][:-1]
    decoded = decode(batch(values))

    assert decoded.dead["offset"].to_list() == [bad]
    assert len(decoded.tables["link"]) == len(values) - 1


def test_an_unknown_profile_is_dead_but_its_session_has_no_hole() -> None:
    decoded = decode(batch([record(notification(UP), profile="vendor-x"), record(notification(UP))]))

    assert decoded.control["profile"].to_list() == ["vendor-x", "openconfig"]
    assert decoded.tables["link"]["record"].to_list() == [1]
    assert decoded.dead["offset"].to_list() == [0]
    assert "there is no vendor profile 'vendor-x'" in decoded.dead["reason"][0]


def test_a_notification_in_a_tick_is_dead() -> None:
    response = gnmi_pb2.SubscribeResponse(update=notification(UP)).SerializeToString()
    value = encode_record(Record(Kind.TICK)) + b"\x3a" + bytes([len(response)]) + response
    decoded = decode(batch([value]))

    assert decoded.control["kind"].to_list() == [4]
    assert decoded.tables == {}
    assert decoded.dead["reason"].to_list() == ["a record of kind 4 holds a notification"]


def test_a_value_that_is_not_readable_leaves_the_leaf_untold() -> None:
    link = interface("Ethernet1/1")
    said = notification(
        [
            ([*link, *down("state", "ifindex")], proto("a number")),
            ([*link, *down("state", "oper-status")], json_ietf("UP")),
        ]
    )
    decoded = decode(batch([record(said)]))

    row = decoded.tables["link"].row(0, named=True)
    assert (row["ifindex"], row["oper_status"], row["cleared"]) == (None, "UP", 0)
    assert decoded.dead["reason"].to_list() == [
        "/interfaces/interface/state/ifindex: the value is 'a number', not an unsigned number that fits"
    ]


def test_a_later_value_in_a_record_that_is_not_readable_leaves_the_earlier_one() -> None:
    path = [*interface("Ethernet1/1"), *down("state", "oper-status")]
    decoded = decode(batch([record(notification([(path, proto("UP")), (path, proto(1))]))]))
    assert decoded.tables["link"]["oper_status"].to_list() == ["UP"]


def test_of_several_values_in_a_record_the_last_holds() -> None:
    path = [*interface("Ethernet1/1"), *down("state", "oper-status")]
    decoded = decode(batch([record(notification([(path, proto("UP")), (path, proto("DOWN"))]))]))
    assert decoded.tables["link"]["oper_status"].to_list() == ["DOWN"]


def test_paths_without_a_meaning_are_counted_without_their_keys() -> None:
    said = notification(
        [([*interface(name), *down("state", "mtu")], proto(9000)) for name in ("Ethernet1/1", "Ethernet1/2")],
        deletes=[down("system", "state")],
    )
    decoded = decode(batch([record(said)]))

    assert decoded.unmapped.rows() == [("/interfaces/interface/state/mtu", 2), ("/system/state", 1)]
    assert (decoded.tables, len(decoded.dead)) == ({}, 0)


def test_one_entity_spelled_twice_in_a_record_is_one_row() -> None:
    table = [
        ("network-instances", {}),
        ("network-instance", {"name": "evi-1010"}),
        *down("fdb", "mac-table", "entries"),
    ]
    spellings = [("00:11:C0:08:00:01", "entry-type", "STATIC"), ("0011.c008.0001", "evi", 1010)]
    said = notification(
        [
            ([*table, ("entry", {"mac-address": mac, "vlan": "10"}), *down("state", leaf)], proto(value))
            for mac, leaf, value in spellings
        ]
    )
    (row,) = decode(batch([record(said)])).tables["mac"].to_dicts()

    assert (row["mac"], row["entry_type"], row["evi"]) == (0x0011C0080001, "STATIC", 1010)


def test_counts_of_coalesced_values_that_no_column_holds_stop_at_its_end() -> None:
    said = notification(UP * 2)
    for update in said.update:
        update.duplicates = 2**32 - 1
    assert decode(batch([record(said)])).control["duplicates"].to_list() == [2**32 - 1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            b"DOWN",
            "/interfaces/interface/state/oper-status: the value is missing, or of a type that is not read",
        ),
        (b"Ethernet1/2", "/interfaces/interface: the list key name is missing"),
        (b"TESTING", "/interfaces/interface/state/oper-status: the value is b'\"TESTI\\xffG\"'"),
        (b"oper-status", "malformed protobuf in the path of an update"),
    ],
)
def test_text_that_is_no_utf8_costs_only_itself(text: bytes, reason: str) -> None:
    leaf = down("state", "oper-status")
    said = [
        ([*interface("Ethernet1/2"), *leaf], proto("DOWN")),
        ([*interface("Ethernet1/3"), *leaf], json_ietf("TESTING")),
    ]
    broken = bytearray(text)
    broken[-2] = 0xFF
    value = record(notification(said)).replace(text, bytes(broken))
    decoded = decode(batch([record(notification(UP)), value, record(notification(UP))]))

    assert decoded.control["offset"].to_list() == [0, 1, 2]
    assert decoded.tables["link"].filter(pl.col("record") != 1)["oper_status"].to_list() == ["UP", "UP"]
    assert decoded.dead["offset"].unique().to_list() == [1]
    assert decoded.dead["reason"][0].startswith(reason)


def test_records_of_many_megabytes_are_read_in_pieces_like_small_ones() -> None:
    long_text = proto("x" * (3 << 20))
    path = [*interface("Ethernet1/1"), *down("state", "description")]
    large = [record(notification([*UP, (path, long_text)]), seq=seq) for seq in range(4)]
    values = [large[0], record(notification(UP), seq=9), large[1], b"\xff", *large[2:]]
    decoded = decode(batch(values))

    assert decoded.control["seq"].to_list() == [0, 9, 1, 2, 3]
    assert decoded.control["updates"].to_list() == [2, 1, 2, 2, 2]
    assert decoded.tables["link"]["oper_status"].to_list() == ["UP"] * 5
    assert decoded.dead["offset"].to_list() == [3]
