"""All checks of each target, in the order in which one needs the other; many targets at once."""

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final

from collectors.doctor import capabilities, certificate, clock, files, names, reach, subscriptions
from collectors.doctor.findings import Finding, Level, Place
from collectors.errors import InputError
from collectors.gnmi_client import GnmiClient
from collectors.inventory import Target
from collectors.profiles import profile

AT_ONCE: Final = 32
"""Targets that are looked at together: enough to be fast, few enough for a laptop."""


async def examine(
    targets: Collection[Target], deadline_s: float, done: Callable[[list[Finding]], None]
) -> list[Finding]:
    """Return the findings of all targets in their order; ``done`` hears of each target as it is through.

    A target that takes longer than ``deadline_s`` seconds is left, which is a finding too.
    """
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(target: Target) -> list[Finding]:
        async with limit:
            found = await _in_time(target, deadline_s)
        done(found)
        return found

    every = await asyncio.gather(*(one(target) for target in targets))
    return [finding for found in every for finding in found]


async def _in_time(target: Target, deadline_s: float) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(deadline_s):
            await _examine(target, found)
    except TimeoutError:
        found.append(
            Place(target.name, "time").error(
                f"not through after {deadline_s:g} s: what is missing here was not looked at",
                "is the device slow or overloaded? --timeout gives it longer",
            )
        )
    except Exception as error:  # noqa: BLE001  # one odd device must not take the findings of all others
        found.append(
            Place(target.name, "doctor").unknown(
                f"stopped by {type(error).__name__}: {error}; what is missing here was not looked at",
                "this is a defect of fabricscope: please report it with these words",
            )
        )
    return found


async def _examine(target: Target, found: list[Finding]) -> None:
    """Add findings as they come; what can't be looked at any more is said once, as unknown."""
    found += files.check(target, _now())
    for step in (names.check, reach.check):
        news = await step(target)
        found += news
        if any(finding.level is Level.ERROR for finding in news):
            found.append(_not_tried(target, "tls, capabilities, paths, clock"))
            return
    found += await certificate.check(target, _now())
    chosen = profile(target.profile)
    try:
        async with GnmiClient(target) as client:
            answer, offered = await capabilities.ask(client, target, chosen)
            found.append(answer)
            if answer.level is Level.ERROR:
                found.append(_not_tried(target, "paths, clock"))
                return
            found += await subscriptions.check(client, target, chosen, offered)
            found += await clock.check(client, target, chosen, offered)
    except InputError:  # files.check has told it
        found.append(_not_tried(target, "capabilities, paths, clock"))


def _not_tried(target: Target, checks: str) -> Finding:
    return Place(target.name, checks).unknown("not tried, after the error above")


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
