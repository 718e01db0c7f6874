"""Ethernet segment identifiers as FRRouting prints them."""

import re
from typing import Final

from targets.frr.documents import NoAnswerError

_ESI: Final = re.compile(r"[0-9a-f]{20}")


def plain_esi(printed: str) -> str:
    """Return an ESI, printed with colons or without, as 20 hex digits; raises NoAnswerError otherwise."""
    digits = printed.replace(":", "").lower()
    if not _ESI.fullmatch(digits):
        raise NoAnswerError(f"{printed!r} is no Ethernet segment identifier of 10 octets")
    return digits
