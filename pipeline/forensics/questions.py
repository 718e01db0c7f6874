"""What is asked of a store, as SQL that people can take along: text with parameters, and their values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final, Literal, get_args

from collectors.errors import InputError
from pipeline.actions.wrong import quoted

Kind = Literal["mac", "ip", "vtep", "es", "device", "vni", "incident", "hit", "propagation"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
FAMILIES: Final = {
    "mac": ("routes",),
    "ip": ("routes",),
    "vtep": ("routes", "vtep"),
    "es": ("es", "routes"),
    "device": ("bgp", "es", "link", "routes", "vtep"),
    "vni": ("routes", "vtep"),
    "hit": ("routes",),
    "propagation": ("mac", "routes"),
    "blast-radius": ("bgp", "es", "link", "routes"),
}
"""By kind of subject: the subscriptions that an answer is made of; all, where it isn't named."""
NAMED_AS: Final = {"hit": "incident", "propagation": "mac"}
"""Kinds whose subjects are those of another."""
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

Value = str | int | datetime | None


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with parameters ``$1``, ``$2``, ... and their values."""

    text: str
    values: tuple[Value, ...] = ()

    def spelled(self) -> str:
        """Return the statement with its values written into it, as people would."""
        return re.sub(r"\$(\d+)", lambda found: literal(self.values[int(found[1]) - 1]), self.text)


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
    if not given:
        raise InputError(f"name the {kind} to ask about")
    named = NAMED_AS.get(kind, kind)
    if named == "mac":
        digits = re.sub(r"[:.\-]", "", given.lower())
        if not _MAC.fullmatch(digits):
            raise InputError(f"{quoted(given)} is no MAC address: write 02:aa:00:00:20:05")
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    if named in ("ip", "vtep"):
        try:
            return str(ip_address(given))
        except ValueError as error:
            raise InputError(f"{quoted(given)} is no IP address: write 192.0.2.1 or 2001:db8::1") from error
    if named == "es":
        return esi_of(given)
    if named == "vni":
        if not re.fullmatch(r"\d{1,8}", given, re.ASCII) or int(given) >= 2**24:
            raise InputError(f"{quoted(given)} is no VNI: write a number below {2**24}")
        return str(int(given))
    return given.lower() if named == "incident" else given


def esi_of(text: str) -> str:
    """Return an ESI as the store writes it; raises InputError for text that is none."""
    if not _ESI.fullmatch(text.lower()):
        raise InputError(f"{quoted(text)} is no ESI: write ten octets, 00:11:22:33:44:55:66:77:88:99")
    return text.lower()


def history(kind: str, subject: str, span: Span | None, fabrics: Sequence[str] = ()) -> Query:
    """Return the query for what is known of a subject, in a time or, without one, ever."""
    times: list[Value] = [] if span is None else [span.since, span.until]
    if kind in ("device", "vni"):
        which = f"{kind} = $1"
        value: Value = int(subject) if kind == "vni" else subject
        if span is not None and span.moment:
            return _of(f"FROM fabric_at($2) WHERE {which}", f"fabric, {_THING}", [value, span.since], fabrics)
        between = "'-infinity', 'infinity'" if span is None else "$2, $3"
        order = f"happened, fabric, {_THING}"
        return _of(f"FROM changes({between}) WHERE {which}", order, [value, *times], fabrics)
    if kind == "propagation":
        text = (
            "FROM propagation($1) WHERE moved_at <= $3 AND moved_at >= $2" if span else "FROM propagation($1)"
        )
        return _of(text, "moved_at, fabric, vni, knew_at, device", [subject, *times], fabrics)
    text = f"FROM {kind}_history($1)"
    if span is not None:
        text += " WHERE valid_from <= $3 AND (valid_to IS NULL OR valid_to > $2)"
    return _of(text, f"valid_from, {_THEN[kind]}", [subject, *times], fabrics)


def who_was_hit(incident: str) -> Query:
    """Return the query for who was hit by an incident, those who could not be reached first."""
    order = "effect DESC, kind, vni, subject, device"
    return _of("FROM who_was_hit($1)", order, [incident], ())


def changes_before(incident: str, seconds: int) -> Query:
    """Return the query for what changed in the fabric of an incident in the time before it opened."""
    text = "FROM changes_before($1, to_seconds($2))"
    return _of(text, f"happened, {_THING}", [incident, seconds], ())


def blast_radius(subject: str, at: datetime, fabrics: Sequence[str]) -> Query:
    """Return the query for what falls to one path or to none if a subject had failed at a time."""
    return _of("FROM blast_radius($1, $2)", "fabric, effect, kind, device, vni, name", [subject, at], fabrics)


def failing(text: str) -> tuple[str, str]:
    """Return the kind and the name of what may fail: a device, a port of one, an Ethernet segment."""
    given = text.strip()
    if _ESI.fullmatch(given.lower()):
        return "es", given.lower()
    if not given:
        raise InputError("name what fails: a device, a port as leaf-3:ethernet-1/7, or an ESI")
    return ("interface" if ":" in given else "device"), given


def state(at: datetime, fabrics: Sequence[str], kind: str | None, device: str | None) -> Query:
    """Return the query for what was there at a time, of one kind and of one device, where they are given."""
    given: list[tuple[str, Value]] = [
        (name, value) for name, value in (("kind", kind), ("device", device)) if value
    ]
    which = " AND ".join(f"{name} = ${number}" for number, (name, _) in enumerate(given, 2))
    text = "FROM fabric_at($1)" + (f" WHERE {which}" if which else "")
    return _of(text, f"fabric, {_THING}", [at, *(value for _, value in given)], fabrics)


def difference(span: Span, fabrics: Sequence[str] = ()) -> Query:
    """Return the query for what differs between two times."""
    return _of("FROM fabric_diff($1, $2)", f"fabric, {_THING}", [span.since, span.until], fabrics)


def literal(value: Value) -> str:
    """Return a value as SQL writes it."""
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + value.replace("'", "''") + "'"


def within(fabrics: Sequence[str], first: int) -> str:
    """Return a condition on rows: of one of the fabrics, whose names are the parameters from ``first`` on."""
    return f"fabric IN ({', '.join(f'${first + at}' for at in range(len(fabrics)))})"


def _of(text: str, order: str, values: Sequence[Value], fabrics: Sequence[str]) -> Query:
    if fabrics:
        link = "AND" if " WHERE " in text else "WHERE"
        text = f"{text} {link} {within(fabrics, len(values) + 1)}"
    return Query(f"{text} ORDER BY {order}", (*values, *fabrics))
