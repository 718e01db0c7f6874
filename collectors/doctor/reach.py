"""Reachability: whether anything answers at a target's address and port."""

import asyncio
import contextlib
import time
from typing import Final

from collectors.doctor.findings import Finding, Place
from collectors.inventory import Target

CHECK = "tcp"
TIMEOUT_S: Final = 5.0
"""Three retransmissions of a lost SYN (RFC 6298: after 1, 3 and 7 s) would take longer than anybody waits."""


async def check(target: Target) -> list[Finding]:
    """Return one finding: how long a connection took, or why there is none."""
    place = Place(target.name, CHECK)
    begin = time.monotonic()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(target.address, target.port)
    except TimeoutError:
        return [
            place.error(
                f"{target.endpoint} doesn't answer within {TIMEOUT_S:g} s",
                "is the device up, is there a route, does a firewall or an ACL drop packets from here?",
            )
        ]
    except ConnectionRefusedError:
        return [
            place.error(
                f"nobody listens at {target.endpoint}",
                "enable gNMI on the device, or correct the port in the inventory",
            )
        ]
    except OSError as error:
        return [
            place.error(f"{target.endpoint} can't be reached: {error.strerror or error}", "is there a route?")
        ]
    took = time.monotonic() - begin
    writer.close()
    with contextlib.suppress(OSError):  # what the other end does to a connection that nobody uses
        await writer.wait_closed()
    return [place.ok(f"{target.endpoint} answers in {took * 1000:.0f} ms")]
