"""What a single value of an inventory must be: each function returns it in one spelling or raises ValueError.

The sentence of the error has no subject: the caller puts the target, group or file in front.
"""

import ipaddress
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Final

from collectors.inventory import is_reference
from collectors.profiles import profile_names
from collectors.records import topic_of

MAX_NAME: Final = 200
MAX_TEXT: Final = 256
"""Prometheus and Grafana show these texts in legends; longer ones are prose."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_HOST_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LABEL: Final = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name(text: str) -> str:
    """Return the name of a target or group: key of records, label of metrics, word in a shell."""
    if len(text) > MAX_NAME or not _NAME.fullmatch(text):
        raise ValueError(
            f"{shown(text)} can't be a name: use up to {MAX_NAME} of A-Z a-z 0-9 . _ : - and begin with one"
            " of A-Z a-z 0-9"
        )
    return text


def address(text: str) -> str:
    """Return a host name in lower case or an IP address in canonical text, without brackets."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        return _host_name(text)
    if getattr(ip, "scope_id", None):
        raise ValueError(f"{text} has a zone, which means something on one machine only")
    if ip.is_unspecified or ip.is_multicast:
        raise ValueError(f"{text} is no device's: it is unspecified or multicast")
    return str(ip)


def _host_name(text: str) -> str:
    host, colon, port_text = text.rpartition(":")
    if colon and port_text.isdecimal() and (":" not in host or host.endswith("]")):
        raise ValueError(f"{shown(text)} has a port: give it a line of its own, port: {port_text}")
    labels = text.removesuffix(".").split(".")
    if len(text) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{shown(text)} is neither a host name nor an IP address")
    if labels[-1].isdecimal():  # RFC 1123, section 2.1: no top-level name is all digits
        raise ValueError(f"{shown(text)} is no IP address, and no host name ends in a number")
    return text.lower()


def port(text: str) -> str:
    """Return a TCP port."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ValueError(f"{shown(text)} is no number")
    if not 1 <= int(text) <= 65535:
        raise ValueError(f"{text} is not between 1 and 65535")
    return str(int(text))


def profile(text: str) -> str:
    """Return the name of a vendor profile."""
    known = _known_profiles()
    if text not in known:
        raise ValueError(
            f"there is no profile {shown(text)}{did_you_mean(text, known)}: use one of {', '.join(known)}"
        )
    return text


@cache
def _known_profiles() -> tuple[str, ...]:
    return tuple(profile_names())  # lists a folder: once is enough for thousands of targets


def fabric(text: str) -> str:
    """Return the name of a fabric, which is part of a topic's name."""
    topic_of(text)
    return text


def plain_text(text: str) -> str:
    """Return a role, site, rack or label's value: text for people, in one line."""
    if not text or len(text) > MAX_TEXT or not text.isprintable() or text != text.strip():
        raise ValueError(
            f"{shown(text)} can't be shown in one line:"
            f" use 1 to {MAX_TEXT} printable characters, no space at the ends"
        )
    return text


def label(text: str) -> str:
    """Return a label's name, which becomes one of Prometheus' (its data model, "Metric names and labels")."""
    if len(text) > MAX_NAME or not _LABEL.fullmatch(text):
        raise ValueError(
            f"{shown(text)} can't be a label: use A-Z a-z 0-9 _ with no digit and no __ in front"
        )
    return text


def username(text: str) -> str:
    """Return a user's name or a reference to it."""
    if is_reference(text):
        return reference(text)
    if not text.isascii():
        raise ValueError(f"{shown(text)} has characters that gRPC can't send: use printable ASCII")
    return plain_text(text)


def password(text: str) -> str:
    """Return a reference to a password. A password itself is refused, and never repeated in the message."""
    if not is_reference(text):
        raise ValueError(
            "a password has no place in an inventory: write env:NAME for an environment variable"
            " or file:PATH for a file"
        )
    return reference(text)


def reference(text: str) -> str:
    """Return ``env:NAME`` or ``file:PATH``."""
    kind, _, where = text.partition(":")
    if kind == "file":
        return f"file:{path(where)}"
    if not _VARIABLE.fullmatch(where):
        raise ValueError("what follows env: is the name of an environment variable: use A-Z a-z 0-9 _")
    return text


def path(text: str) -> str:
    """Return the path of a file; relative ones are resolved where the inventory's own place is known."""
    if not text or "\0" in text or text.endswith("/"):
        raise ValueError(f"{shown(text)} is no path of a file")
    if text.startswith("~"):
        raise ValueError(
            f"{text}: ~ is not expanded here, write the path in full or relative to the inventory"
        )
    return text


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest of the known words, empty when none is near."""
    near = get_close_matches(text, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def shown(text: str) -> str:
    """Return a foreign text for a message: quoted, cut, and with control characters escaped."""
    return repr(text) if len(text) <= 60 else f"{text[:60]!r}..."
