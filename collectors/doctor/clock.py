"""A target's clock against ours, by the sample that says it is alive."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from google.protobuf.message import DecodeError
from pygnmi.spec.v080 import gnmi_pb2

from collectors.doctor.findings import Finding, Place
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.profiles import Profile
from collectors.subscriptions import Capabilities, attempts, subscribe_request

CHECK = "clock"
FLAGGED_S: Final = 5.0
"""From here on a skew is told by the pipeline too (``pipeline.apply.clocks``)."""
USELESS_S: Final = 60.0
"""From here on the collector's clock orders what this device says."""
PATIENCE_S: Final = 10.0
"""Two samples."""
_NS: Final = 1_000_000_000
_REMEDY: Final = "set up NTP on the device, and on this machine"


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a device's clock is ahead of ours, give or take the uncertainty; seconds, negative: behind."""

    seconds: float
    uncertainty: float


def offset(device_ns: int, asked_ns: int, heard_ns: int) -> Offset:
    """Return the offset of a clock that was read at some time between asking and hearing (as NTP does)."""
    return Offset((device_ns - (asked_ns + heard_ns) / 2) / _NS, (heard_ns - asked_ns) / 2 / _NS)


def device_time_ns(message: bytes) -> int | None:
    """Return the time of a response: its timestamp, else the one it tells as a value; None for neither."""
    try:
        said = gnmi_pb2.SubscribeResponse.FromString(message).update
    except DecodeError:
        return None
    if said.timestamp > 0:
        return int(said.timestamp)
    for update in said.update:
        value = update.val
        quoted = value.json_ietf_val or value.json_val
        text = value.string_val or quoted.decode(errors="replace").strip('"')
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            return int(moment.timestamp() * _NS)
    return None


async def check(
    client: GnmiClient, target: Target, profile: Profile, capabilities: Capabilities | None
) -> list[Finding]:
    """Return one finding: how far the device's clock is off."""
    place = Place(target.name, CHECK)
    ways = attempts(profile, [profile.liveness], capabilities)
    if not ways:
        return [place.unknown("not tried: no encoding fits")]
    asked_ns = time.time_ns()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for message in client.subscribe(subscribe_request([profile.liveness], ways[0])):
                heard_ns = time.time_ns()
                device_ns = device_time_ns(message)
                if device_ns is not None:
                    return [judged(place, offset(device_ns, asked_ns, heard_ns))]
                asked_ns = heard_ns
    except (TimeoutError, RpcError):
        pass
    return [place.unknown("the device doesn't tell its time")]


def judged(place: Place, found: Offset) -> Finding:
    """Return what to think of an offset: only what is beyond its uncertainty counts."""
    least = abs(found.seconds) - found.uncertainty
    direction = "ahead of" if found.seconds > 0 else "behind"
    words = (
        f"{abs(found.seconds):.2f} s {direction} this machine's clock"
        f" (give or take {found.uncertainty:.2f} s)"
    )
    if least >= USELESS_S:
        return place.error(f"{words}: what it says is ordered by the collector's clock", _REMEDY)
    if least >= FLAGGED_S:
        return place.warning(words, _REMEDY)
    if found.uncertainty >= FLAGGED_S:
        return place.unknown(f"{words}: too slow to tell", "is the device overloaded?")
    return place.ok(words)
