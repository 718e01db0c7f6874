"""What is asked of a target for one family, in which encoding and mode, and what an answer says. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from google.protobuf.message import DecodeError
from pygnmi.create_gnmi_path import gnmi_path_generator
from pygnmi.spec.v080 import gnmi_pb2

from collectors.profiles import Mode, Profile, Subscription

_LONGEST_VARINT: Final = 11
"""Where a length of 64 bits behind the tag ends at the latest."""
_UPDATE_TAG: Final = 0x0A
"""First byte of a response with a notification: field 1, length-delimited."""


MAX_MODELS: Final = 5_000
"""Each session's ``start`` repeats them: with names of the longest kind they are 650 KB."""
LONGEST_MODEL: Final = 128
LONGEST_VERSION: Final = 64
MAX_CAPABILITIES_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target says of itself (gNMI specification 0.10, section 3.2)."""

    encodings: frozenset[str]
    models: tuple[str, ...]
    version: str
    """At most LONGEST_VERSION characters of it."""
    models_left_out: int = 0
    """Models whose name is longer than LONGEST_MODEL, or that came when there were MAX_MODELS."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of asking for a family."""

    encoding: str
    target_defined: bool = False
    """ON_CHANGE is asked as TARGET_DEFINED, for a target that refused ON_CHANGE."""

    def __str__(self) -> str:
        """Return how it is shown: ``PROTO``, or ``PROTO, TARGET_DEFINED``."""
        return f"{self.encoding}, {Mode.TARGET_DEFINED}" if self.target_defined else self.encoding

    def mode_of(self, asked: Subscription) -> Mode:
        """Return the mode in which this attempt asks for a subscription."""
        return Mode.TARGET_DEFINED if self.target_defined and asked.mode is Mode.ON_CHANGE else asked.mode

    def interval_of(self, asked: Subscription) -> timedelta | None:
        """Return the sample interval; TARGET_DEFINED has none (section 3.5.1.5.2)."""
        return asked.interval if self.mode_of(asked) is Mode.SAMPLE else None


def attempts(
    profile: Profile, asked: Collection[Subscription], capabilities: Capabilities | None
) -> list[Attempt]:
    """Return the ways to ask for a family, best first; empty when the target offers no usable encoding.

    Without capabilities (a target may not implement them) every encoding of the profile is tried.
    """
    offered = usable_encodings(profile, capabilities)
    if capabilities is not None:
        offered = offered[:1]
    softer = any(one.mode is Mode.ON_CHANGE for one in asked)
    return [
        Attempt(encoding, target_defined)
        for encoding in offered
        for target_defined in ((False, True) if softer else (False,))
    ]


def usable_encodings(profile: Profile, capabilities: Capabilities | None) -> list[str]:
    """Return the encodings of a profile that a target offers, best first; all of them if it doesn't say."""
    return [
        encoding
        for encoding in profile.encodings
        if capabilities is None or encoding in capabilities.encodings
    ]


def subscribe_request(asked: Collection[Subscription], attempt: Attempt) -> bytes:
    """Return the ``SubscribeRequest`` of an attempt: one STREAM with all paths of a family."""
    request = gnmi_pb2.SubscribeRequest()
    wanted = request.subscribe
    wanted.mode = gnmi_pb2.SubscriptionList.Mode.STREAM
    wanted.encoding = gnmi_pb2.Encoding.Value(attempt.encoding)
    for one in asked:
        for path in one.paths:
            entry = wanted.subscription.add(mode=gnmi_pb2.SubscriptionMode.Value(attempt.mode_of(one)))
            entry.path.CopyFrom(gnmi_path_generator(path))
            interval = attempt.interval_of(one)
            if interval is not None:
                entry.sample_interval = interval // timedelta(microseconds=1) * 1_000
    message: bytes = request.SerializeToString()
    return message


def subscribed_paths(asked: Collection[Subscription], attempt: Attempt) -> Iterator[dict[str, Any]]:
    """Yield the paths as a ``start`` record lists them: path, mode, interval in seconds."""
    for one in asked:
        interval = attempt.interval_of(one)
        for path in one.paths:
            yield {
                "path": path,
                "mode": attempt.mode_of(one),
                "interval_s": None if interval is None else interval.total_seconds(),
            }


def is_sync(message: bytes) -> bool:
    """Return whether a response is a sync_response; one that can't be read is none."""
    if not message or message[0] == _UPDATE_TAG:  # what comes by the thousand is not decoded
        return False
    try:
        response = gnmi_pb2.SubscribeResponse.FromString(message)
    except DecodeError:
        return False
    return bool(response.sync_response)


def is_response(message: bytes) -> bool:
    """Return whether a message is a ``SubscribeResponse``; what is in its notification is not looked at."""
    if message and message[0] == _UPDATE_TAG:
        size, shift = 0, 0
        for at, byte in enumerate(message[1:_LONGEST_VARINT], start=2):
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if at + size == len(message):  # what comes by the thousand is not decoded
                    return True
                break
    try:
        gnmi_pb2.SubscribeResponse.FromString(message)
    except DecodeError:
        return False
    return True


def read_capabilities(message: bytes) -> Capabilities:
    """Return what a ``CapabilityResponse`` says; raises ValueError for none, and for far too much."""
    if len(message) > MAX_CAPABILITIES_BYTES:
        raise ValueError(
            f"the answer to Capabilities has {len(message)} bytes: {MAX_CAPABILITIES_BYTES} are the most"
        )
    try:
        response = gnmi_pb2.CapabilityResponse.FromString(message)
    except DecodeError as error:
        raise ValueError(f"the answer to Capabilities can't be read: {error}") from error
    names = gnmi_pb2.Encoding.DESCRIPTOR.values_by_number
    named = sorted({model.name for model in response.supported_models})
    models = tuple([name for name in named if len(name) <= LONGEST_MODEL][:MAX_MODELS])
    return Capabilities(
        encodings=frozenset(names[number].name for number in response.supported_encodings if number in names),
        models=models,
        version=response.gNMI_version[:LONGEST_VERSION],
        models_left_out=len(named) - len(models),
    )
