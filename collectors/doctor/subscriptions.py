"""Subscriptions: which families and paths of its profile a target refuses.

Each family is asked for exactly as a collector asks, and let go as soon as the target has answered. Where it
refuses, each path of the family is asked for alone, so that the refused ones can be named.
"""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from pygnmi.spec.v080 import gnmi_pb2

from collectors.doctor.findings import Finding, Place
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.profiles import Mode, Profile, Subscription
from collectors.refusals import ASK_OTHERWISE, REFUSALS
from collectors.subscriptions import Attempt, Capabilities, attempts, is_sync, subscribe_request

CHECK = "paths"
PATIENCE_S: Final = 5.0
"""A target that has said nothing by then has at least not refused."""
ENOUGH_BYTES: Final = 1024 * 1024
"""So much of a dump is proof: the rest would only load the device."""


async def check(
    client: GnmiClient, target: Target, profile: Profile, capabilities: Capabilities | None
) -> list[Finding]:
    """Return one finding per family."""
    return list(
        await asyncio.gather(
            *(_family(client, target, profile, family, capabilities) for family in profile.families)
        )
    )


async def _family(
    client: GnmiClient, target: Target, profile: Profile, family: str, capabilities: Capabilities | None
) -> Finding:
    place = Place(target.name, f"{CHECK} {family}")
    asked = [one for one in profile.subscriptions if one.family == family]
    ways = attempts(profile, asked, capabilities)
    if not ways:
        return place.unknown("not tried: no encoding fits")
    refusals: list[RpcError] = []
    for way in ways:
        try:
            said = await _tried(client, asked, way)
        except RpcError as error:
            if error.code not in REFUSALS:
                return place.error(f"Subscribe fails: {error}", "see the device's log")
            refusals.append(error)
            if error.code not in ASK_OTHERWISE:
                break
        else:
            return _accepted(place, said, asked, way)
    return await _refused(client, place, asked, ways[0], refusals[0])


def _accepted(place: Place, said: str | None, asked: Collection[Subscription], way: Attempt) -> Finding:
    if said is None:
        return place.unknown(
            f"accepted, but nothing came within {PATIENCE_S:g} s", "is the device slow, or overloaded?"
        )
    if any(way.mode_of(one) is not one.mode for one in asked):
        return place.warning(
            f"{Mode.ON_CHANGE} is refused, {Mode.TARGET_DEFINED} taken: {said}",
            "changes may be told late or not at all: see the vendor's list of paths with ON_CHANGE",
        )
    return place.ok(f"{way.encoding}: {said}")


async def _refused(
    client: GnmiClient, place: Place, asked: Collection[Subscription], way: Attempt, first: RpcError
) -> Finding:
    if first.code is grpc.StatusCode.UNAUTHENTICATED:
        return place.error(f"the login is refused: {first}", "correct the credentials in the inventory")
    refused: list[str] = []
    for one in asked:
        for path in one.paths:
            try:
                await _tried(client, [replace(one, paths=(path,))], way)
            except RpcError as error:
                refused.append(f"{path} ({error})")
    if not refused:
        return place.error(
            f"refused, though each path alone is not: {first}",
            "does the device limit paths or subscriptions per RPC?",
        )
    return place.error(
        "refused: " + "; ".join(refused),
        "enable what serves these paths on the device, or choose another profile;"
        " without it nothing of this family is known",
    )


async def _tried(client: GnmiClient, asked: Collection[Subscription], way: Attempt) -> str | None:
    """Return what the target answered, in words, or None for silence; raises RpcError."""
    messages = size = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for message in client.subscribe(subscribe_request(asked, way)):
                if not _readable(message):
                    raise RpcError(grpc.StatusCode.DATA_LOSS, "an answer came that is no SubscribeResponse")
                if is_sync(message):
                    return _count(messages) if messages else "accepted, and empty now"
                messages += 1
                size += len(message)
                if size >= ENOUGH_BYTES:
                    break
    except TimeoutError:
        pass
    return f"{_count(messages)} and more" if messages else None


def _count(messages: int) -> str:
    return "1 message" if messages == 1 else f"{messages} messages"


def _readable(message: bytes) -> bool:
    try:
        gnmi_pb2.SubscribeResponse.FromString(message)
    except DecodeError:
        return False
    return True
