"""A response larger than a record: its parts say the same, in the same order, each small enough."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from collectors.cutting import MAX_RESPONSE_BYTES, UncuttableError, cut_response
from collectors.records import MAX_RECORD_BYTES, Kind, Record, encode_record
from collectors.wire import length_delimited


def response(updates: list[int], deletes: list[int] = [], *, atomic: bool = False) -> Any:  # noqa: B006  # read only
    """Return a response whose updates have values of these sizes, and whose deletes have such keys."""
    made = gnmi_pb2.SubscribeResponse()
    told = made.update
    told.timestamp, told.atomic = 1_700_000_000_000_000_000, atomic
    told.prefix.elem.add(name="interfaces")
    for number, size in enumerate(deletes):
        told.delete.add().elem.add(name="interface", key={"name": f"{number}{'d' * size}"})
    for number, size in enumerate(updates):
        update = told.update.add()
        update.path.elem.add(name="interface", key={"name": str(number)})
        update.val.string_val = "x" * size
    return made


def parsed(parts: list[bytes]) -> list[Any]:
    return [gnmi_pb2.SubscribeResponse.FromString(part).update for part in parts]


SIZES = st.lists(st.integers(0, 300), max_size=20)


@given(SIZES, SIZES, st.integers(400, 2000))
def test_parts_say_what_the_whole_said(updates: list[int], deletes: list[int], limit: int) -> None:
    whole = response(updates, deletes)
    parts = list(cut_response(whole.SerializeToString(), limit))
    said = parsed(parts)
    assert all(len(part) <= limit for part in parts)
    assert [one for part in said for one in part.update] == list(whole.update.update)
    assert [one for part in said for one in part.delete] == list(whole.update.delete)
    assert all(part.timestamp == whole.update.timestamp for part in said)
    assert all(part.prefix == whole.update.prefix for part in said)
    # deletes of a notification come before its updates, so no part may delete what an earlier one updated
    kinds = [kind for part in said for kind in "d" * len(part.delete) + "u" * len(part.update)]
    assert kinds == sorted(kinds)


def test_what_fits_keeps_its_bytes() -> None:
    message = response([100]).SerializeToString() + b"\x7a\x03new"  # a field that nobody knows yet
    assert list(cut_response(message, len(message))) == [message]
    assert list(cut_response(b"no message at all", 100)) == [b"no message at all"]


def test_a_byte_more_is_cut() -> None:
    message = response([200, 200]).SerializeToString()
    assert len(list(cut_response(message, len(message)))) == 1
    assert len(list(cut_response(message, len(message) - 1))) == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (response([300, 300], atomic=True).SerializeToString(), "atomic"),
        (response([2000]).SerializeToString(), "a single update of"),
        (response([], [2000]).SerializeToString(), "a single delete of"),
        (b"\x0a\xff\xff\xff\xff\x0f" + b"x" * 2000, "no SubscribeResponse"),
    ],
)
def test_what_can_not_be_cut_says_why(message: bytes, reason: str) -> None:
    with pytest.raises(UncuttableError, match=reason):
        cut_response(message, 500)


def test_the_largest_part_fits_into_a_record() -> None:
    record = Record(
        kind=Kind.RESPONSE,
        profile="p" * 200,
        family="f" * 200,
        session="s" * 300,
        seq=2**63,
        recv_ns=2**62,
        response=bytes(MAX_RESPONSE_BYTES),
    )
    assert len(encode_record(record)) <= MAX_RECORD_BYTES


def test_a_sync_in_a_response_that_is_too_large_is_not_lost_unsaid() -> None:
    padding = b"\x2a\xf4\x03" + b"x" * 500
    with pytest.raises(UncuttableError, match="the dump is complete"):
        cut_response(b"\x18\x01" + padding, 400)
    with pytest.raises(UncuttableError, match="no notification"):
        cut_response(padding, 400)


def test_a_notification_in_pieces_is_cut_as_one() -> None:
    pieces = [response([100, 100]), response([], [50, 50])]
    whole = b"".join(one.SerializeToString() for one in pieces)
    said = parsed(cut_response(whole, 250))
    assert sum(len(part.update) for part in said) == 2
    assert sum(len(part.delete) for part in said) == 2
    assert said[0].delete
    assert not said[0].update
    assert all(part.prefix.elem[0].name == "interfaces" for part in said)


def test_more_updates_than_can_be_looked_at_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.cutting.MAX_ENTRIES", 100)
    for count, cut in ((100, True), (101, False)):
        message = length_delimited(1, b"\x22\x00" * count)
        if cut:
            assert sum(len(part.update) for part in parsed(cut_response(message, 150))) == count
        else:
            with pytest.raises(UncuttableError, match="more than 100 updates"):
                cut_response(message, 150)
    with pytest.raises(UncuttableError, match="more than 100 fields"):
        cut_response(b"\x2a\x00" * 101, 150)


def test_what_each_part_would_repeat_is_not_repeated_without_bounds() -> None:
    told = gnmi_pb2.Notification(timestamp=1)
    told.prefix.target = "p" * 300
    for _ in range(100):
        told.update.add()
    message = gnmi_pb2.SubscribeResponse(update=told).SerializeToString()
    with pytest.raises(UncuttableError, match="beside its updates"):
        cut_response(message, 500)


@given(st.binary(min_size=20, max_size=80))
def test_bytes_of_any_kind_are_cut_or_refused(message: bytes) -> None:
    with contextlib.suppress(UncuttableError):
        assert all(len(part) <= 19 for part in cut_response(message, 19))
