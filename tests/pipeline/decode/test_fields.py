"""Updates and values, however they are written."""

import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from pipeline.decode import decode, values
from pipeline.decode.fields import read_updates, read_values
from pipeline.decode.octets import PAD
from tests.pipeline.decode.said import batch, down, fill, interface, notification, proto, record

PATH = fill(gnmi_pb2.Path(), [*interface("Ethernet1/1"), *down("state", "oper-status")])
TYPED = st.one_of(
    st.text(max_size=30).map(lambda text: gnmi_pb2.TypedValue(string_val=text)),
    st.integers(min_value=0, max_value=2**64 - 1).map(lambda number: gnmi_pb2.TypedValue(uint_val=number)),
    st.integers(min_value=-(2**63), max_value=2**63 - 1).map(
        lambda number: gnmi_pb2.TypedValue(int_val=number)
    ),
    st.booleans().map(lambda value: gnmi_pb2.TypedValue(bool_val=value)),
    st.binary(max_size=30).map(lambda raw: gnmi_pb2.TypedValue(json_ietf_val=raw)),
    st.binary(max_size=30).map(lambda raw: gnmi_pb2.TypedValue(json_val=raw)),
    st.floats(width=32).map(lambda value: gnmi_pb2.TypedValue(float_val=value)),
    st.just(gnmi_pb2.TypedValue()),
)
CODES = {
    "string_val": values.STRING,
    "uint_val": values.UINT,
    "int_val": values.INT,
    "bool_val": values.BOOL,
    "json_ietf_val": values.JSON,
    "json_val": values.JSON,
    "float_val": values.NONE,
    None: values.NONE,
}


@given(st.lists(st.tuples(TYPED, st.integers(min_value=0, max_value=2**32 - 1), st.booleans()), max_size=8))
def test_updates_are_read_as_they_were_written(told: list[tuple[gnmi_pb2.TypedValue, int, bool]]) -> None:
    raw = []
    for value, duplicates, pathless in told:
        update = gnmi_pb2.Update(duplicates=duplicates)
        update.val.CopyFrom(value)
        if not pathless:
            update.path.CopyFrom(PATH)
        raw.append(update.SerializeToString())
    updates = read_updates(pa.array([*raw, bytes(PAD)], pa.binary())[:-1])
    found = read_values(updates.octets, updates.value, updates.value_length)

    assert not updates.malformed.any()
    assert updates.duplicates.tolist() == [duplicates for _, duplicates, _ in told]
    paths = updates.octets.slices(updates.path, updates.path_length).to_list()
    assert paths == [b"" if pathless else PATH.SerializeToString() for _, _, pathless in told]
    texts = found.octets.slices(found.start, found.length).to_list()
    for row, (value, _, _) in enumerate(told):
        kind = value.WhichOneof("value")
        assert found.code[row] == CODES[kind]
        match kind:
            case "string_val":
                assert texts[row].decode() == value.string_val
            case "json_val" | "json_ietf_val":
                assert texts[row] == getattr(value, kind)
            case "uint_val" | "bool_val":
                assert found.number[row] == getattr(value, kind)
            case "int_val":
                assert struct.unpack("q", struct.pack("Q", found.number[row])) == (value.int_val,)
            case _:
                assert kind in ("float_val", None)


def test_fields_in_any_order_told_twice_or_unknown_are_read_like_a_protobuf_library() -> None:
    path = b"\x0a" + bytes([PATH.ByteSize()]) + PATH.SerializeToString()
    up, down_ = (b"\x1a" + bytes([len(raw)]) + raw for raw in (b"\x0a\x02UP", b"\x0a\x04DOWN"))
    raw = [
        up + path,
        path + down_ + up,
        path + b"\x5a\x01x" + up,
        up + b"\x20\x03" + path,
        path + b"\x1a\x06\x18\x05\x0a\x02UP",
    ]
    said = gnmi_pb2.Notification.FromString(b"".join(b"\x22" + bytes([len(one)]) + one for one in raw))
    assert len(said.update) == len(raw)

    for update in raw:
        response = b"\x0a" + bytes([len(update) + 2]) + b"\x22" + bytes([len(update)]) + update
        value = record()[:-2] + b"\x3a" + bytes([len(response)]) + response
        rows = decode(batch([value])).tables["link"]
        assert rows["oper_status"].to_list() == ["UP"]


@pytest.mark.parametrize("broken", [b"\x0a\x05ab", b"\x0a", b"\x0b", b"\x1a\x03\x0a"])
def test_a_malformed_update_costs_only_itself(broken: bytes) -> None:
    path = [*interface("Ethernet1/1"), *down("state", "oper-status")]
    good = notification([(path, proto("UP"))]).SerializeToString()
    said = good + b"\x22" + bytes([len(broken)]) + broken
    response = b"\x0a" + bytes([len(said)]) + said
    value = record()[:-2] + b"\x3a" + bytes([len(response)]) + response
    decoded = decode(batch([value]))

    assert decoded.tables["link"]["oper_status"].to_list() == ["UP"]
    assert decoded.dead["reason"].to_list() == ["malformed protobuf in an update"]
