"""Name resolution: which addresses a target's name has, from here."""

import asyncio
import ipaddress
import socket

from collectors.doctor.findings import Finding, Place
from collectors.inventory import Target

CHECK = "name"


async def check(target: Target) -> list[Finding]:
    """Return nothing for an IP address, else one finding: the addresses, or that there are none."""
    try:
        ipaddress.ip_address(target.address)
    except ValueError:
        return [await _resolved(target)]
    return []


async def _resolved(target: Target) -> Finding:
    place = Place(target.name, CHECK)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            target.address, target.port, type=socket.SOCK_STREAM
        )
    except OSError as error:
        return place.error(
            f"{target.address} has no address: {error.strerror or error}",
            "correct the address in the inventory, or the resolver of this machine",
        )
    addresses = sorted({str(one[4][0]) for one in found})
    return place.ok(f"{target.address} is {', '.join(addresses)}")
