"""What the agent asks a host, and how a document that is no answer is told from one that is.

Each command answers with JSON. A daemon that is down, a command that fails in the middle of a poll, an error
put into JSON: none of them says that something is gone. Only a document of the expected form does, and an
empty one is of that form.
"""

from collections.abc import Mapping
from typing import Final

Document = object
"""Parsed JSON."""
Documents = Mapping[str, Document]
"""The answers of one poll by command; what failed is not in it."""

EVPN_SUMMARY: Final = "show bgp l2vpn evpn summary json"
IPV4_SUMMARY: Final = "show bgp ipv4 unicast summary json"
IPV6_SUMMARY: Final = "show bgp ipv6 unicast summary json"
EVPN_ROUTES: Final = "show bgp l2vpn evpn route json"
INTERFACES: Final = "show interface json"
VNIS: Final = "show evpn vni detail json"
MACS: Final = "show evpn mac vni all detail json"
ARP_CACHE: Final = "show evpn arp-cache vni all detail json"
SEGMENTS: Final = "show evpn es detail json"
BGP_SEGMENTS: Final = "show bgp l2vpn evpn es detail json"
BFD_PEERS: Final = "show bfd peers json"
BFD_COUNTERS: Final = "show bfd peers counters json"
ISIS_NEIGHBORS: Final = "show isis neighbor detail json"
OSPF_NEIGHBORS: Final = "show ip ospf neighbor detail json"
IP_LINK: Final = "ip -j -s link"


class NoAnswerError(ValueError):
    """A document that doesn't have the form of its command's answer: it says nothing."""


def object_of(document: Document, what: str) -> dict[str, object]:
    """Return a JSON object; raises NoAnswerError for anything else and for a complaint put into one."""
    if not isinstance(document, dict):
        raise NoAnswerError(f"{what} is {_kind(document)}, not an object")
    for complaint in ("warning", "error"):
        if isinstance(document.get(complaint), str):
            raise NoAnswerError(f"{what} complains: {document[complaint]}")
    return document


def objects_of(document: Document, what: str) -> list[dict[str, object]]:
    """Return a list of JSON objects; raises NoAnswerError for anything else. Empty objects are left out."""
    if not isinstance(document, list):
        raise NoAnswerError(f"{what} is {_kind(document)}, not a list")
    return [object_of(item, f"an item of {what}") for item in document if item != {}]


def text_of(parent: Mapping[str, object], key: str) -> str | None:
    """Return a text member; None without one. Raises NoAnswerError for another type."""
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value
    raise NoAnswerError(f"{key} is {_kind(value)}, not text")


def number_of(parent: Mapping[str, object], key: str) -> int | None:
    """Return an unsigned integer member, of 64 bits at most; None without one. Raises NoAnswerError."""
    value = parent.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64:
        return value
    raise NoAnswerError(f"{key} is {value!r}, not an unsigned number of 64 bits")


def _kind(document: Document) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")
