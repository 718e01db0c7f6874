"""The records of one RPC, as the pipeline takes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cutting import MAX_RESPONSE_BYTES
from collectors.inventory import Target, Tls
from collectors.publisher import Outgoing
from collectors.records import MAX_RECORD_BYTES, Kind, Record, decode_record
from collectors.session import OversizeError, Session, SessionIds

LEAF = Target(
    name="leaf1",
    address="192.0.2.1",
    port=9339,
    profile="openconfig",
    fabric="dc1",
    role="leaf",
    labels={"row": "7"},
    tls=Tls(),
)


def said(session: Session, records: list[Outgoing]) -> list[Record]:
    assert {record.key for record in records} == {b"leaf1"}
    found = [decode_record(record.value) for record in records]
    assert {(one.session, one.profile, one.family) for one in found} == {(session.id, "openconfig", "mac")}
    return found


def test_a_session_is_numbered_from_its_start_to_its_end() -> None:
    records: list[Outgoing] = []
    session = Session(LEAF, "mac", "1-a", records.append)
    session.start({"paths": [], "models": []}, 1_000_000)
    session.response(b"bytes", 2_500_000)
    session.end("renewed", 3_000_000)
    found = said(session, records)
    assert [(one.kind, one.seq, one.recv_ns) for one in found] == [
        (Kind.START, 0, 1_000_000),
        (Kind.RESPONSE, 1, 2_500_000),
        (Kind.END, 2, 3_000_000),
    ]
    assert [record.timestamp_ms for record in records] == [1, 2, 3]
    assert found[1].response == b"bytes"
    assert json.loads(found[0].json) == {
        "role": "leaf",
        "site": None,
        "rack": None,
        "labels": {"row": "7"},
        "paths": [],
        "models": [],
    }
    assert json.loads(found[2].json) == {"reason": "renewed"}


def test_what_can_not_be_said_is_a_hole_in_the_numbers() -> None:
    records: list[Outgoing] = []
    session = Session(LEAF, "mac", "1-a", records.append)
    session.start({}, 1)
    session.lost()
    session.response(b"", 2)
    assert [one.seq for one in said(session, records)] == [0, 2]


@given(st.lists(st.integers(0, 10**19 - 1), min_size=2))
def test_a_later_session_sorts_behind_an_earlier_one_whatever_the_clock_does(times: list[int]) -> None:
    ids = SessionIds("collector-1")
    made = [ids.next(now_ns) for now_ns in times]
    assert made == sorted(set(made), key=made.index)
    assert made == sorted(made)


def test_a_record_that_no_topic_takes_is_a_hole_and_said() -> None:
    records: list[Outgoing] = []
    session = Session(LEAF, "mac", "1-a", records.append)
    session.start({}, 1)
    session.response(bytes(MAX_RESPONSE_BYTES), 2)
    with pytest.raises(OversizeError, match="a response record of"):
        session.response(bytes(MAX_RECORD_BYTES), 3)
    session.end("too large", 4)
    assert [one.seq for one in said(session, records)] == [0, 1, 3]
    assert all(len(record.value) <= MAX_RECORD_BYTES for record in records)
    with pytest.raises(OversizeError, match="a start record of"):
        Session(LEAF, "mac", "2-a", records.append).start({"models": ["m" * MAX_RECORD_BYTES]}, 5)
