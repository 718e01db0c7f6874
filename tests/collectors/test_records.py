"""The record contract, sentence by sentence."""

import contextlib

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from collectors.profiles import LIVENESS, Mode, profile, profile_names
from collectors.records import (
    MAX_RECORD_BYTES,
    Kind,
    Record,
    RecordError,
    decode_record,
    encode_record,
    session_id,
    topic_of,
)

texts = st.text(max_size=20)
records = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    profile=texts,
    family=texts,
    session=texts,
    seq=st.integers(0, 2**64 - 1),
    recv_ns=st.integers(-(2**63), 2**63 - 1),
    response=st.just(b""),
    json=st.binary(max_size=200),
) | st.builds(Record, kind=st.just(Kind.RESPONSE), session=texts, response=st.binary(max_size=5000))


def envelope() -> type[Message]:
    """The message of the module's docstring, as any protobuf library reads it; the response as bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="record.proto", package="test", syntax="proto3")
    message = file.message_type.add(name="Record")
    types = {
        "kind": (1, "TYPE_INT32"),
        "profile": (2, "TYPE_STRING"),
        "family": (3, "TYPE_STRING"),
        "session": (4, "TYPE_STRING"),
        "seq": (5, "TYPE_UINT64"),
        "recv_ns": (6, "TYPE_SFIXED64"),
        "response": (7, "TYPE_BYTES"),
        "json": (8, "TYPE_BYTES"),
    }
    for name, (number, kind) in types.items():
        message.field.add(
            name=name,
            number=number,
            type=descriptor_pb2.FieldDescriptorProto.Type.Value(kind),
            label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Record"))


@given(records)
def test_a_record_is_read_back_as_it_was_written(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


@given(records)
def test_a_record_is_the_protobuf_message_it_says_it_is(record: Record) -> None:
    message = envelope().FromString(encode_record(record))

    assert {field: getattr(message, field) for field in Record.__slots__} == {
        field: getattr(record, field) for field in Record.__slots__
    }


@given(st.binary(max_size=5000))
def test_the_bytes_of_the_device_are_untouched(response: bytes) -> None:
    value = encode_record(Record(Kind.RESPONSE, profile="openconfig", response=response))

    assert value.endswith(response)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_a_record_error(value: bytes) -> None:
    with contextlib.suppress(RecordError):
        assert isinstance(decode_record(value).kind, Kind)


@pytest.mark.parametrize("kept", range(1, 20))
def test_a_record_that_is_cut_off_is_none(kept: int) -> None:
    value = encode_record(Record(Kind.RESPONSE, session="s" * 10, response=b"r" * 10))
    # up to a field's end it reads as a shorter record; within a field it is cut off
    ends = [2, 14, 26]
    if kept in ends:
        decode_record(value[:kept])
    else:
        with pytest.raises(RecordError):
            decode_record(value[:kept])


def test_there_are_six_kinds_and_their_numbers_stay() -> None:
    assert {kind.name: kind.value for kind in Kind} == {
        "RESPONSE": 1,
        "START": 2,
        "END": 3,
        "TICK": 4,
        "FABRIC": 5,
        "ACTION": 6,
    }


@given(st.integers(0, 10**19), st.integers(0, 10**19), texts, texts)
def test_a_newer_session_sorts_behind_an_older_one(a: int, b: int, one: str, other: str) -> None:
    older, newer = sorted((a, b))
    if older != newer:
        assert session_id(older, one) < session_id(newer, other)


def test_the_topic_of_a_fabric_has_its_name() -> None:
    assert topic_of("dc1.pod-2_x") == "fabricscope.raw.dc1.pod-2_x"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a" * 201, "a\n"])
def test_a_name_that_kafka_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="A-Z a-z 0-9"):
        topic_of(name)


def test_records_may_have_16_mib() -> None:
    assert MAX_RECORD_BYTES == 16 * 1024 * 1024


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_samples_one_cheap_path_every_5_s_in_an_rpc_of_its_own(name: str) -> None:
    mine = [asked for asked in profile(name).subscriptions if asked.family == LIVENESS]

    assert len(mine) == 1
    assert len(mine[0].paths) == 1
    assert mine[0].mode is Mode.SAMPLE
    assert mine[0].interval is not None
    assert mine[0].interval.total_seconds() == 5
