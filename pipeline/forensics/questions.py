"""What is asked of a store, as SQL that people can take along."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final, Literal, get_args

from collectors.errors import InputError
from pipeline.actions.wrong import quoted

Kind = Literal["mac", "ip", "vtep", "es", "device", "vni"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
FAMILIES: Final = {
    "mac": ("routes",),
    "ip": ("routes",),
    "vtep": ("routes", "vtep"),
    "es": ("es", "routes"),
    "device": ("bgp", "es", "link", "routes", "vtep"),
    "vni": ("routes", "vtep"),
}
"""By kind of subject: the subscriptions that an answer is made of."""
_THING: Final = "kind, device, interface, peer, vni, mac, ip, esi, name"
_THEN: Final = {
    "mac": "fabric, vni, evi",
    "ip": "fabric, vni, mac",
    "vtep": "fabric, device, source, vni, network_instance, neighbor",
    "es": "fabric, device, source, vni",
}
"""Orders what began at the same time."""
_MAC: Final = re.compile(r"[0-9a-f]{12}")
_ESI: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){9}")


@dataclass(frozen=True, slots=True)
class Span:
    """Which time is asked about; a moment if both are the same."""

    since: datetime
    until: datetime

    @property
    def moment(self) -> bool:
        """Whether one moment is asked about."""
        return self.since == self.until


def subject_of(kind: str, text: str) -> str:
    """Return a subject as the store writes it; raises InputError for text that can't be one."""
    given = text.strip()
    if kind not in KINDS:
        raise InputError(f"{quoted(kind)} is nothing to ask about: name one of {', '.join(KINDS)}")
    if kind == "mac":
        digits = re.sub(r"[:.\-]", "", given.lower())
        if not _MAC.fullmatch(digits):
            raise InputError(f"{quoted(given)} is no MAC address: write 02:aa:00:00:20:05")
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    if kind in ("ip", "vtep"):
        try:
            return str(ip_address(given))
        except ValueError as error:
            raise InputError(f"{quoted(given)} is no IP address: write 192.0.2.1 or 2001:db8::1") from error
    if kind == "es":
        if not _ESI.fullmatch(given.lower()):
            raise InputError(f"{quoted(given)} is no ESI: write ten octets, 00:11:22:33:44:55:66:77:88:99")
        return given.lower()
    if kind == "vni":
        if not re.fullmatch(r"\d{1,8}", given, re.ASCII) or int(given) >= 2**24:
            raise InputError(f"{quoted(given)} is no VNI: write a number below {2**24}")
        return str(int(given))
    return given


def history(kind: str, subject: str, span: Span | None) -> str:
    """Return the query for what is known of a subject, in a time or, without one, ever."""
    if kind in ("device", "vni"):
        which = f"device = {literal(subject)}" if kind == "device" else f"vni = {subject}"
        if span is not None and span.moment:
            return f"FROM fabric_at({literal(span.since)}) WHERE {which} ORDER BY fabric, {_THING}"
        times = "'-infinity', 'infinity'" if span is None else f"{literal(span.since)}, {literal(span.until)}"
        return f"FROM changes({times}) WHERE {which} ORDER BY happened, fabric, {_THING}"
    query = f"FROM {kind}_history({literal(subject)})"
    if span is not None:
        since, until = literal(span.since), literal(span.until)
        query += f" WHERE valid_from <= {until} AND (valid_to IS NULL OR valid_to > {since})"
    return f"{query} ORDER BY valid_from, {_THEN[kind]}"


def difference(span: Span) -> str:
    """Return the query for what differs between two times."""
    return f"FROM fabric_diff({literal(span.since)}, {literal(span.until)}) ORDER BY fabric, {_THING}"


def literal(value: str | datetime) -> str:
    """Return a value as SQL writes it."""
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    return "'" + value.replace("'", "''") + "'"
