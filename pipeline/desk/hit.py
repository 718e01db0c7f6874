"""Who is hit by an incident and by all that follows from it, as far as their rules tell.

What has no service left or a wrong one is hit now; what lost redundancy, or works by luck, is at risk: the
next failure hits it. Nobody is counted who isn't told of: a rule that knows no hosts adds none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.desk.seen import Seen
from pipeline.desk.words import subject
from pipeline.safe_text import clean

MOST_NAMED: Final = 4
"""Things of one kind that are named; the rest is counted."""
_AT_RISK: Final = frozenset(
    ("R4", "R7", "R8", "R9", "R10", "R16", "R19", "L1", "L2", "L3", "L4", "L5", "L6", "V16", "V17")
)
"""Rules on redundancy: the service still works."""
_SOME_MIND: Final = ("V5", "warning")
"""Routes without encapsulation: most systems take them, and V2 tells of those that don't."""
_SAYS_NOTHING: Final = frozenset(("X1", "X3", "X4"))
"""Rules on what is seen, and on many incidents: those they are about say who is hit."""
_OF_DEVICES: Final = frozenset(("R15", "R16", "V4"))
"""Rules whose device is hit itself; others name one that is the cause, or saw it."""
KINDS: Final = (
    ("tenant", "tenants"),
    ("Ethernet segment", "Ethernet segments"),
    ("device", "devices"),
    ("VTEP", "VTEPs"),
    ("VNI", "VNIs"),
    ("MAC", "MACs"),
    ("address", "addresses"),
)


def who_is_hit(seen: Seen, incidents: Iterable[Seen]) -> Iterator[str]:
    """Yield one sentence for those hit now and one for those at risk.

    ``incidents``: all there are; of an open incident those that follow from it and are open count.
    """
    below = [one for one in incidents if one.row["root_incident_id"] == seen.id and one.id != seen.id]
    counted = [one for one in (seen, *below) if (one.open or not seen.open) and says_who(one)]
    now = [one for one in counted if not at_risk(one)]
    rest = [one for one in counted if at_risk(one)]
    hit = things(now)
    # what is hit is not at risk besides
    risk = {kind: names - hit[kind] for kind, names in things(rest).items()}
    if any(hit.values()):
        yield f"{'now' if seen.open else 'were hit'}: {_named(hit, _macs(now))}"
    elif seen.open and any(one.row["coverage"] is not None and one.row["coverage"] <= 0 for one in counted):
        yield "whether anybody is hit now is unknown: nobody who could tell is fresh"
    elif any(risk.values()):
        yield "nobody now, as far as the rules tell" if seen.open else "nobody, as far as the rules tell"
    else:
        yield f"{subject(seen.row)}; the rule tells no more"
    if any(risk.values()):
        behind = _macs(one for one in rest if one.evidence.get("left", 1) == 1)
        yield f"{'at risk' if seen.open else 'were at risk'}: {_named(risk, behind)}"


def says_who(one: Seen) -> bool:
    """Return whether an incident's rule tells who is hit."""
    return one.row["rule"] not in _SAYS_NOTHING


def at_risk(one: Seen) -> bool:
    """Return whether an incident takes redundancy and leaves the service."""
    if one.evidence.get("left") == 0:
        return False
    return one.row["rule"] in _AT_RISK or (one.row["rule"], one.row["severity"]) == _SOME_MIND


def things(incidents: Iterable[Seen]) -> dict[str, set[str]]:
    """Return the names of what incidents are about, by kind: the first of each of KINDS."""
    found: dict[str, set[str]] = {kind: set() for kind, _ in KINDS}
    for one in incidents:
        row, evidence = one.row, one.evidence
        _add(found["tenant"], [row["tenant"], *_listed(evidence.get("tenants"))])
        _add(found["Ethernet segment"], [row["esi"]])
        _add(found["VTEP"], [_vtep(row), *_listed(evidence.get("vteps"))])
        _add(found["VNI"], [row["vni"], *_listed(evidence.get("vnis"))])
        _add(found["MAC"], [row["mac"], *_listed(evidence.get("some_macs"))])
        _add(found["address"], [row["ip"], *_listed(evidence.get("examples"))] if row["rule"] == "I1" else [])
        _add(found["address"], [row["ip"]])
        _add(found["device"], _listed(evidence.get("leaves")))
        _add(found["device"], [row["device"]] if row["rule"] in _OF_DEVICES else [])
        domains = [*_listed(evidence.get("nobody")), *_keys(evidence.get("forward"))]
        _add(found["VNI"], [str(name)[4:] for name in domains if str(name).startswith("VNI ")])
    owned = {name.split(" ")[0] for name in found["VTEP"] if " " in name}
    found["VTEP"] -= owned
    return found


def _macs(incidents: Iterable[Seen]) -> int:
    """Return how many MACs rules count behind what they are about."""
    counts = (one.evidence.get("macs") for one in incidents)
    return sum(count for count in counts if isinstance(count, int) and not isinstance(count, bool))


def _named(things: Mapping[str, set[str]], macs: int) -> str:
    parts = []
    for kind, plural in KINDS:
        names = sorted(things[kind])
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            parts.append(f"{kind if len(names) == 1 else plural} {', '.join(names[:MOST_NAMED])}{more}")
    if macs > len(things["MAC"]):
        parts.append(f"{macs} MAC{'' if macs == 1 else 's'} counted")
    # a VNI alone is hit as a whole, else what was named in it
    if things["VNI"] and len(parts) > 1:
        where = next(part for part in parts if part.startswith("VNI"))
        parts.remove(where)
        return f"{'; '.join(parts)}; in {where}"
    return "; ".join(parts)


def _vtep(row: Mapping[str, Any]) -> str | None:  # Any: columns of view ``incident``
    if row["vtep"] is None:
        return None
    return str(row["vtep"]) if row["device"] is None else f"{row['vtep']} ({row['device']})"


def _add(names: set[str], values: Sequence[object]) -> None:
    names.update(clean(value) for value in values if value is not None)


def _listed(value: object) -> list[Any]:  # Any: JSON
    return value if isinstance(value, list) else []


def _keys(value: object) -> list[Any]:  # Any: JSON
    return list(value) if isinstance(value, dict) else []
