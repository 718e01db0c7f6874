"""An incident as the topic ``fabricscope.incidents`` has it, checked: who may write there may write anything.

A record of another release, or of nobody's, must not keep people from the others: it is refused as a whole.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from pipeline.desk.seen import Seen
from pipeline.life import SEVERITIES

_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_WORDS: Final = ("incident_id", "fabric", "rule", "name")
_TEXTS: Final = (
    "device", "mac", "ip", "esi", "vtep", "interface", "peer", "tenant", "summary", "acknowledged_by",
)  # fmt: skip
_TIMES: Final = ("opened_at", "detected_at", "resolved_at")


def of_record(value: bytes) -> Seen:
    """Return the incident in a record of the topic; raises ValueError for one that isn't."""
    try:
        content = orjson.loads(value)
        evidence, events = content.pop("evidence"), content.pop("events")
        _check(content)
        content.update({name: _time(content[name]) for name in _TIMES})
        if content["opened_at"] is None or content["detected_at"] is None:
            raise ValueError("no incident: it has no time")
        evidence = dict(evidence or {})
        return Seen(content, [_step(one) for one in events], evidence)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no incident: {error!r}") from error


def _check(row: Mapping[str, Any]) -> None:  # Any: JSON
    """Raise ValueError or KeyError unless all columns are there and are what is said of them."""
    wrong = [name for name in _WORDS if not _is_word(row[name])]
    wrong += [name for name in _TEXTS if not isinstance(row[name], str | None)]
    wrong += [name for name in ("vni", "evi") if not isinstance(row[name], str | int | None)]
    right = {
        "severity": row["severity"] in SEVERITIES,
        "state": row["state"] in ("open", "resolved"),
        "coverage": isinstance(row["coverage"], int | float | None),
        "in_maintenance": isinstance(row["in_maintenance"], bool | None),
        "root_incident_id": row["root_incident_id"] is None or _is_word(row["root_incident_id"]),
    }
    wrong += [name for name, one in right.items() if not one]
    if wrong:
        raise ValueError(f"no incident: {', '.join(wrong)} is none of what it may be")


def _step(one: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: JSON
    if not all(_is_word(one[name]) for name in ("kind", "rule", "severity")):
        raise ValueError("no incident: a step has no kind, rule or severity")
    if not all(isinstance(one.get(name), str | None) for name in ("summary", "actor")):
        raise ValueError("no incident: a step has a summary or an actor that is no text")
    if not all(isinstance(one[name], int) for name in ("offset", "index")):
        raise ValueError("no incident: a step has no place in the stream")
    time = _time(one["event_time"])
    if time is None:
        raise ValueError("no incident: a step has no time")
    return {"summary": None, "actor": None, **one, "event_time": time}


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"no incident: {text!r} has no offset")
    return time
