"""What is asked of a target, in which order of preference, and what its answers are taken for."""

from datetime import timedelta

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from collectors.profiles import Mode, Subscription, profile
from collectors.subscriptions import (
    LONGEST_MODEL,
    LONGEST_VERSION,
    MAX_CAPABILITIES_BYTES,
    MAX_MODELS,
    Attempt,
    Capabilities,
    attempts,
    is_response,
    is_sync,
    read_capabilities,
    subscribe_request,
    subscribed_paths,
)

OPENCONFIG = profile("openconfig")
CHANGES = Subscription("mac", ("/network-instances/network-instance/fdb/mac-table",), Mode.ON_CHANGE)
SAMPLES = Subscription("mac", ("/interfaces/interface/state",), Mode.SAMPLE, timedelta(seconds=10))


def offering(*encodings: str) -> Capabilities:
    return Capabilities(frozenset(encodings), (), "0.8.0")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        (offering("JSON", "PROTO", "JSON_IETF"), ["PROTO", "PROTO, TARGET_DEFINED"]),
        (offering("JSON_IETF", "ASCII"), ["JSON_IETF", "JSON_IETF, TARGET_DEFINED"]),
        (offering("JSON", "ASCII"), []),
        (None, ["PROTO", "PROTO, TARGET_DEFINED", "JSON_IETF", "JSON_IETF, TARGET_DEFINED"]),
    ],
)
def test_the_best_encoding_on_offer_is_asked_for(
    capabilities: Capabilities | None, expected: list[str]
) -> None:
    assert [str(way) for way in attempts(OPENCONFIG, [CHANGES], capabilities)] == expected


def test_what_is_sampled_has_no_softer_mode() -> None:
    assert attempts(OPENCONFIG, [SAMPLES], offering("PROTO")) == [Attempt("PROTO")]


def test_all_paths_of_a_family_are_in_one_stream_with_their_modes() -> None:
    request = gnmi_pb2.SubscribeRequest.FromString(
        subscribe_request([CHANGES, SAMPLES], Attempt("JSON_IETF"))
    ).subscribe
    assert request.mode == gnmi_pb2.SubscriptionList.STREAM
    assert request.encoding == gnmi_pb2.JSON_IETF
    assert not request.updates_only
    assert [
        ([elem.name for elem in one.path.elem], one.path.origin, one.mode, one.sample_interval)
        for one in request.subscription
    ] == [
        (["network-instances", "network-instance", "fdb", "mac-table"], "", gnmi_pb2.ON_CHANGE, 0),
        (["interfaces", "interface", "state"], "", gnmi_pb2.SAMPLE, 10_000_000_000),
    ]


def test_a_softer_attempt_leaves_changes_to_the_target_and_samples_as_they_are() -> None:
    softer = Attempt("PROTO", target_defined=True)
    request = gnmi_pb2.SubscribeRequest.FromString(subscribe_request([CHANGES, SAMPLES], softer)).subscribe
    assert [(one.mode, one.sample_interval) for one in request.subscription] == [
        (gnmi_pb2.TARGET_DEFINED, 0),
        (gnmi_pb2.SAMPLE, 10_000_000_000),
    ]
    assert list(subscribed_paths([CHANGES, SAMPLES], softer)) == [
        {"path": CHANGES.paths[0], "mode": "TARGET_DEFINED", "interval_s": None},
        {"path": SAMPLES.paths[0], "mode": "SAMPLE", "interval_s": 10.0},
    ]


@pytest.mark.parametrize(
    ("message", "sync"),
    [
        (b"\x18\x01", True),
        (b"\x18\x00", False),
        (b"", False),
        (b"\x0a\x02\x08\x01", False),
        (b"\x18", False),
        (b"\xff\xff", False),
        (b"\x2a\x00\x18\x01", True),  # an extension comes first
    ],
)
def test_a_sync_is_known_without_reading_what_is_none(message: bytes, sync: bool) -> None:
    assert is_sync(message) is sync


def test_capabilities_are_read_and_unknown_encodings_left_out() -> None:
    said = gnmi_pb2.CapabilityResponse(gNMI_version="0.10.0", supported_encodings=[2, 4])
    said.supported_models.add(name="openconfig-interfaces", version="3.0.0")
    said.supported_models.add(name="openconfig-bgp")
    found = read_capabilities(said.SerializeToString() + b"\x10\x63")  # 99: an encoding to come
    assert found == Capabilities(
        frozenset({"PROTO", "JSON_IETF"}), ("openconfig-bgp", "openconfig-interfaces"), "0.10.0"
    )
    with pytest.raises(ValueError, match="can't be read"):
        read_capabilities(b"\xff\xff\xff")


@pytest.mark.parametrize(
    ("message", "good"),
    [
        (b"", True),  # nothing is set: allowed by protobuf
        (gnmi_pb2.SubscribeResponse(sync_response=True).SerializeToString(), True),
        (gnmi_pb2.SubscribeResponse(update={"timestamp": 5}).SerializeToString(), True),
        (gnmi_pb2.SubscribeResponse(update={"timestamp": 5}).SerializeToString() + b"\x2a\x00", True),
        (b"\x0a\x02\x08", False),
        (b"\x0a\x00\x08", False),
        (b"\x0a" + b"\xff" * 12, False),
        (b"no gNMI", False),
    ],
)
def test_what_is_no_response_is_told_from_what_is(message: bytes, good: bool) -> None:
    assert is_response(message) is good


@given(st.binary(max_size=40))
def test_what_protobuf_reads_is_a_response(message: bytes) -> None:
    try:
        gnmi_pb2.SubscribeResponse.FromString(message)
    except DecodeError:
        return
    assert is_response(message)


def test_what_a_target_says_of_itself_is_bounded() -> None:
    said = gnmi_pb2.CapabilityResponse(gNMI_version="v" * 1_000_000)
    for number in range(MAX_MODELS - 1):
        said.supported_models.add(name=f"m{number:06d}")
    said.supported_models.add(name="a" * LONGEST_MODEL)
    found = read_capabilities(said.SerializeToString())
    assert (len(found.models), found.models_left_out) == (MAX_MODELS, 0)
    assert len(found.version) == LONGEST_VERSION
    said.supported_models.add(name="a" * (LONGEST_MODEL + 1))
    said.supported_models.add(name="z")
    found = read_capabilities(said.SerializeToString())
    assert (len(found.models), found.models_left_out) == (MAX_MODELS, 2)
    with pytest.raises(ValueError, match="the most"):
        read_capabilities(bytes(MAX_CAPABILITIES_BYTES + 1))
