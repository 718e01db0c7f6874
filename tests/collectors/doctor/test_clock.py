"""A device's clock is judged by what is certain of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from collectors.doctor.clock import Offset, device_time_ns, judged, offset
from collectors.doctor.findings import Level, Place

PLACE = Place("leaf1", "clock")
SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND
TIMES = st.integers(0, 100 * SECOND)


@given(begin=TIMES, until_read=TIMES, until_heard=TIMES, ahead=st.integers(-(10**12), 10**12))
def test_the_true_offset_is_within_the_uncertainty(
    begin: int, until_read: int, until_heard: int, ahead: int
) -> None:
    found = offset(begin + until_read + ahead, begin, begin + until_read + until_heard)
    assert abs(found.seconds - ahead / SECOND) <= found.uncertainty + 1e-6


@pytest.mark.parametrize(
    ("seconds", "uncertainty", "level"),
    [
        (4.99, 0, Level.OK),
        (5, 0, Level.WARNING),
        (-5, 0, Level.WARNING),
        (5, 0.1, Level.OK),
        (59.99, 0, Level.WARNING),
        (60, 0, Level.ERROR),
        (-60, 0, Level.ERROR),
        (60, 1, Level.WARNING),
        (1, 5, Level.UNKNOWN),
        (1, 4.9, Level.OK),
    ],
)
def test_only_what_is_beyond_its_uncertainty_counts(seconds: float, uncertainty: float, level: Level) -> None:
    assert judged(PLACE, Offset(seconds, uncertainty)).level is level


def response(timestamp: int, **value: object) -> bytes:
    said = gnmi_pb2.SubscribeResponse()
    said.update.timestamp = timestamp
    if value:
        said.update.update.add(val=gnmi_pb2.TypedValue(**value))
    message: bytes = said.SerializeToString()
    return message


TEXT = "2026-09-21T14:13:20.5Z"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (response(T0), T0),
        (response(T0, string_val="1970-01-01T00:00:00Z"), T0),
        (response(0, string_val=TEXT), T0 + SECOND // 2),
        (response(0, json_ietf_val=json.dumps(TEXT).encode()), T0 + SECOND // 2),
        (response(0, json_val=b'"2026-09-21T16:13:20+02:00"'), T0),
        (response(0, string_val="2026-09-21T14:13:20"), None),
        (response(0, string_val="soon"), None),
        (response(0, json_ietf_val=b"\xff"), None),
        (response(0), None),
        (gnmi_pb2.SubscribeResponse(sync_response=True).SerializeToString(), None),
        (b"\x0a\xff", None),
    ],
)
def test_a_device_tells_its_time_in_the_timestamp_or_as_a_value(message: bytes, told: int | None) -> None:
    assert device_time_ns(message) == told
