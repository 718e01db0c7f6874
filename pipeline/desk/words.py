"""What is shown, in words: safe for any terminal, whoever wrote it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pipeline.safe_text import clean

_ABBREVIATED: Final = re.compile(r"\b(mac|vni|vtep|pe|df|ip|evi|esi)(s?)\b")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SUBJECT: Final = (
    ("device", "{}"),
    ("interface", "interface {}"),
    ("peer", "neighbour {}"),
    ("vtep", "VTEP {}"),
    ("esi", "Ethernet segment {}"),
    ("mac", "MAC {}"),
    ("ip", "address {}"),
    ("vni", "VNI {}"),
    ("evi", "EVI {}"),
    ("tenant", "tenant {}"),
)


def subject(row: Mapping[str, Any]) -> str:  # Any: columns of view ``incident``
    """Return what an incident is about: ``leaf-3, interface ethernet-1/1``."""
    parts = [form.format(clean(row[name])) for name, form in _SUBJECT if row.get(name) is not None]
    return ", ".join(parts) or "the fabric"


def span(length: timedelta) -> str:
    """Return a duration in one or two units: ``12 s``, ``3 min 20 s``, ``2 d 4 h``."""
    seconds = max(0, length // timedelta(seconds=1))
    parts: list[str] = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not (part.startswith("0 ") and len(parts) > 1))


def moment(time: datetime, now: datetime) -> str:
    """Return a time in UTC; the day only if it isn't now's."""
    form = "%H:%M:%S" if time.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    return f"{time:{form}}"


def coverage(row: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:  # Any: JSON
    """Return how sure an incident is: whether those who can see it still do."""
    part = row.get("coverage")
    fresh, known = evidence.get("fresh_observers"), evidence.get("observers")
    counted = f" ({fresh} of {known})" if isinstance(fresh, int) and isinstance(known, int) else ""
    if part is None:
        return "not told: the rule doesn't count its observers"
    if part <= 0:
        return "NOBODY who could see it is fresh: whether it still holds is unknown"
    if part >= 1:
        return f"all observers are fresh{counted}"
    return f"{part:.0%} of the observers are fresh{counted}; what the others would say is unknown"


def value(one: object) -> str:
    """Return a value of an evidence, in one line."""
    if one is None:
        return "unknown"
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, float):
        return f"{one:g}"
    if isinstance(one, list):
        between = "; " if any(isinstance(each, list | dict) for each in one) else ", "
        return between.join(value(each) for each in one) or "none"
    if isinstance(one, dict):
        return ", ".join(f"{named(key)} {value(each)}" for key, each in one.items()) or "none"
    return clean(one)


def named(key: str) -> str:
    """Return the name of a value of an evidence as people write it."""
    return _ABBREVIATED.sub(lambda found: f"{found[1].upper()}{found[2]}", clean(key).replace("_", " "))
