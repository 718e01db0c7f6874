"""Extended communities as the 8 octets of RFC 4360.

Formats: route target and origin RFC 4360 and 5668; encapsulation RFC 9012; default gateway, MAC mobility, ESI
label, ES-Import and router's MAC RFC 7432 and 9135; DF election RFC 8584 and 9785; ARP/ND RFC 9047, its proxy
flag draft-rbickhart-evpn-ip-mac-proxy-adv, as FRRouting has it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

Community = bytes | str
"""8 octets; the printed text where the octets can't be told from it."""
_PROXY: Final = 4


def two_part(subtype: int, admin: str, number: int) -> bytes | None:
    """Return a community of administrator and number; None when they fit none of the three forms."""
    if "." in admin:
        if number > 0xFFFF:
            return None
        return bytes((1, subtype)) + IPv4Address(admin).packed + number.to_bytes(2, "big")
    if int(admin) > 0xFFFF:
        if number > 0xFFFF or int(admin) > 0xFFFF_FFFF:
            return None
        return bytes((2, subtype)) + int(admin).to_bytes(4, "big") + number.to_bytes(2, "big")
    if number > 0xFFFF_FFFF:
        return None
    return bytes((0, subtype)) + int(admin).to_bytes(2, "big") + number.to_bytes(4, "big")


def encapsulation(tunnel_type: int) -> bytes:
    """Return the encapsulation community; 8 is VXLAN."""
    return b"\x03\x0c\x00\x00\x00\x00" + tunnel_type.to_bytes(2, "big")


def default_gateway() -> bytes:
    """Return the default gateway community."""
    return b"\x03\x0d" + bytes(6)


def mac_mobility(sequence: int, *, sticky: bool) -> bytes:
    """Return the MAC mobility community."""
    return bytes((6, 0, sticky, 0)) + sequence.to_bytes(4, "big")


def esi_label(label: int, *, single_active: bool) -> bytes:
    """Return the ESI label community."""
    return bytes((6, 1, single_active, 0, 0)) + label.to_bytes(3, "big")


def arp_nd(*, proxy: bool) -> bytes:
    """Return the ARP/ND community, with the flag that says a leaf announces what its peer has learned."""
    return bytes((6, 8, _PROXY if proxy else 0)) + bytes(5)


def es_import(mac: str) -> bytes:
    """Return the ES-Import route target."""
    return b"\x06\x02" + bytes.fromhex(mac.replace(":", ""))


def router_mac(mac: str) -> bytes:
    """Return the router's MAC community."""
    return b"\x06\x03" + bytes.fromhex(mac.replace(":", ""))


def df_election(algorithm: int, capabilities: int, preference: int) -> bytes:
    """Return the DF election community; the preference stands in the last two octets."""
    return (
        bytes((6, 6, algorithm & 0x1F))
        + capabilities.to_bytes(2, "big")
        + b"\0"
        + preference.to_bytes(2, "big")
    )


def ordered(communities: Iterable[Community]) -> tuple[Community, ...]:
    """Return communities in one order, whatever order they were printed in: octets first, then text."""
    return tuple(sorted(set(communities), key=lambda one: (isinstance(one, str), one)))
