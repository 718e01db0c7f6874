"""What GoBGP prints of extended communities and Ethernet segments, as octets.

The forms are those of the MarshalJSON and String methods in GoBGP's pkg/packet/bgp.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final

from targets.frr.documents import NoAnswerError, number_of, text_of
from targets.openconfig.addresses import ZERO_ESI
from targets.openconfig.communities import (
    Community,
    default_gateway,
    encapsulation,
    es_import,
    esi_label,
    mac_mobility,
    router_mac,
    two_part,
)


def community_of(one: Mapping[str, object]) -> Community:
    """Return one extended community; as printed when the octets can't be told."""
    kind, subtype, value = number_of(one, "type"), number_of(one, "subtype"), one.get("value")
    if (kind, subtype) in _DECODED:
        return _DECODED[kind, subtype](one)
    found = None
    if kind in (0, 1) and subtype is not None and isinstance(value, str) and value.count(":") == 1:
        admin, _, number = value.partition(":")
        found = two_part(subtype, admin, int(number))
    elif kind == 2 and subtype is not None and isinstance(value, str) and value.count(":") == 1:
        admin, _, number = value.partition(":")
        found = _four_octet_as(subtype, admin, int(number))
    elif kind is not None and isinstance(value, str):
        found = _undecoded(kind, value)
    return found or " ".join(f"{key}={one[key]}" for key in sorted(one))


_DECODED: Final[dict[tuple[int | None, int | None], Callable[[Mapping[str, object]], bytes]]] = {
    (3, 12): lambda one: encapsulation(number_of(one, "tunnel_type") or 0),
    (3, 13): lambda _: default_gateway(),
    (6, 0): lambda one: mac_mobility(number_of(one, "sequence") or 0, sticky=one.get("is_sticky") is True),
    (6, 1): lambda one: esi_label(
        number_of(one, "label") or 0, single_active=one.get("is_single_active") is True
    ),
    (6, 2): lambda one: es_import(text_of(one, "value") or ""),
    (6, 3): lambda one: router_mac(text_of(one, "mac") or text_of(one, "value") or ""),
}


def _four_octet_as(subtype: int, admin: str, number: int) -> bytes | None:
    """Return a community of a four-octet AS, which GoBGP writes as high and low half, ``1.34464``."""
    high, _, low = admin.rpartition(".")
    if number > 0xFFFF or int(low) > 0xFFFF_FFFF:
        return None
    autonomous_system = (int(high) << 16 | int(low)) if high else int(low)
    return bytes((2, subtype)) + autonomous_system.to_bytes(4, "big") + number.to_bytes(2, "big")


def _undecoded(kind: int, value: str) -> bytes | None:
    """Return a community GoBGP doesn't decode: its type and, in base64, the seven octets behind it."""
    try:
        rest = b64decode(value, validate=True)
    except Base64Error:
        return None
    return bytes((kind,)) + rest if len(rest) == 7 else None


_ESI_FORMS: Final = {
    # GoBGP's EthernetSegmentIdentifier.String(): what stands in the nine octets behind the type.
    "ESI_ARBITRARY": (0, re.compile(r"([0-9a-f:]{26})"), (9,)),
    "ESI_LACP": (1, re.compile(r"system mac ([0-9a-f:]{17}), port key (\d+)"), (6, 2)),
    "ESI_MSTP": (2, re.compile(r"bridge mac ([0-9a-f:]{17}), priority (\d+)"), (6, 2)),
    "ESI_MAC": (3, re.compile(r"system mac ([0-9a-f:]{17}), local discriminator (\d+)"), (6, 3)),
    "ESI_ROUTERID": (4, re.compile(r"router id ([0-9.]+), local discriminator (\d+)"), (4, 4)),
    "ESI_AS": (5, re.compile(r"as (\d+), local discriminator (\d+)"), (4, 4)),
}


def esi_of(printed: str | None) -> str | None:
    """Return an ESI that GoBGP printed as 20 hex digits; ``single-homed`` is the zero ESI.

    Raises NoAnswerError for a form that is not known.
    """
    if printed is None:
        return None
    if printed in ("single-homed", ""):
        return ZERO_ESI
    form, _, content = printed.partition(" | ")
    if form in _ESI_FORMS:
        kind, pattern, widths = _ESI_FORMS[form]
        match = pattern.fullmatch(content)
        if match is not None:
            fields = [_octets_of(text, width) for text, width in zip(match.groups(), widths, strict=True)]
            return (bytes((kind,)) + b"".join(fields)).ljust(10, b"\0").hex()
    raise NoAnswerError(f"{printed!r} is no form of an Ethernet segment identifier that is known")


def _octets_of(text: str, width: int) -> bytes:
    if ":" in text:
        return bytes.fromhex(text.replace(":", ""))
    if "." in text:
        return ip_address(text).packed
    return int(text).to_bytes(width, "big")
