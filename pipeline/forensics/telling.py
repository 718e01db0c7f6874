"""Answers in words: one sentence per step, as people would tell it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from pipeline.desk.words import named, value
from pipeline.forensics.questions import FAMILIES, Span
from pipeline.forensics.times import said
from pipeline.safe_text import clean

MOST_SENTENCES: Final = 40
Row = Mapping[str, Any]  # Any: columns of an answer


def sentences(kind: str, subject: str, rows: Sequence[Row], span: Span | None, zone: tzinfo) -> list[str]:
    """Return what the rows say, the first MOST_SENTENCES of it."""
    moment = span is not None and span.moment
    if kind == "mac":
        lines = [line for row in rows for line in _mac(subject, row, zone, moment=moment)]
    elif kind in _TOLD:
        lines = [_TOLD[kind](subject, row, zone) for row in rows]
    elif moment:
        lines = [
            f"{_thing(row)}: {_values(row['value'])}, since {said(row['valid_from'], zone)}" for row in rows
        ]
    else:
        lines = [change(row, zone) for row in rows]
    if len(lines) > MOST_SENTENCES:
        return [*lines[:MOST_SENTENCES], f"and {len(lines) - MOST_SENTENCES} more: see the table"]
    return lines


def change(row: Row, zone: tzinfo) -> str:
    """Return one row of ``changes`` or ``fabric_diff`` in words."""
    at = said(row["happened"], zone)
    if row["change"] == "added":
        return f"{at}  {_thing(row)} appeared: {_values(row['after'])}"
    if row["change"] == "removed":
        return f"{at}  {_thing(row)} went; it was: {_values(row['before'])}"
    before, after = json.loads(row["before"]), json.loads(row["after"])
    changed = [
        f"{named(key)} {value(before[key])} to {value(after[key])}"
        for key in after
        if before[key] != after[key]
    ]
    return f"{at}  {_thing(row)}: {', '.join(changed)}"


def completeness(kind: str | None, told: Sequence[Row]) -> str:
    """Return how complete the data was that an answer is made of; ``told``: rows of ``coverage``."""
    wanted = [row for row in told if kind is None or row["family"] in FAMILIES[kind]]
    if not wanted:
        return "How complete this is can't be told: nobody was watching then"
    poor = [row for row in wanted if row["coverage"] < 1]
    if not poor:
        return f"Nothing is known to be missing: all of {_families(wanted)} was watched all the time"
    parts = [
        f"{clean(row['family'])} was watched for {row['coverage']:.1%} of the time, {row['blind']} of"
        f" {row['observers']} observers were blind"
        for row in poor
    ]
    return f"This is not complete, what happened meanwhile may be missing: {'; '.join(parts)}"


def nothing(kind: str, subject: str, span: Span, every: Sequence[Row], zone: tzinfo) -> str:
    """Return why an answer is empty; ``every``: what is known of the subject at any time."""
    since, until = said(span.since, zone), said(span.until, zone)
    when = f"at {since}" if span.moment else f"from {since} to {until}"
    if kind in ("device", "vni"):
        return f"{kind} {clean(subject)}: nothing {'was there' if span.moment else 'changed'} {when}"
    before = [row for row in every if row["valid_to"] is not None and row["valid_to"] <= span.since]
    after = [row for row in every if row["valid_from"] > span.until]
    near = []
    if before:
        near.append(f"until {said(max(row['valid_to'] for row in before), zone)}")
    if after:
        near.append(f"from {said(min(row['valid_from'] for row in after), zone, up=True)} on")
    return f"{kind} {clean(subject)} was nowhere {when}; the nearest that is known is {' and '.join(near)}"


def _mac(subject: str, row: Row, zone: tzinfo, *, moment: bool) -> Iterator[str]:
    port = f", port {clean(row['interface'])}" if row["interface"] else ""
    where = _place(row["device"], row["vtep"], row["esi"]) + port
    domain = f"VNI {row['vni']}" if row["vni"] is not None else f"EVI {row['evi']}"
    sequence = f"sequence {row['mobility_seq']}" if row["mobility_seq"] is not None else "no sequence"
    who, at = f"MAC {subject} in {domain}", said(row["valid_from"], zone)
    if moment:
        yield f"{who} was at {where}, since {at}, {sequence}{_until(row['valid_to'], zone)}"
        return
    if row["what"] == "moved":
        step = f"sequence {value(row['from_seq'])} to {value(row['mobility_seq'])}"
        before = _place(row["from_device"], row["from_vtep"], None)
        yield f"{at}  {who} moved from {before} to {where}, {step}"
    else:
        yield f"{at}  {who} {row['what']} at {where}, {sequence}"
    if row["closed_reason"] not in (None, "moved"):
        yield f"{said(row['valid_to'], zone)}  {who} was {clean(row['closed_reason'])}"


def _ip(subject: str, row: Row, zone: tzinfo) -> str:
    observers = f"{row['observers']} device{'' if row['observers'] == 1 else 's'}"
    return (
        f"{said(row['valid_from'], zone)}  {subject} was {row['mac']} in VNI {value(row['vni'])}, behind"
        f" {value(row['vteps'])}{_until(row['valid_to'], zone)}, told by {observers}"
    )


def _vtep(subject: str, row: Row, zone: tzinfo) -> str:
    owner = f" of {clean(row['owner'])}" if row["owner"] else ""
    domain = f"VNI {row['vni']}" if row["vni"] is not None else clean(row["network_instance"])
    by = "had a tunnel to" if row["source"] == "tunnel" else "held a type-3 route of"
    path = f" by {clean(row['neighbor'])}" if row["neighbor"] else ""
    return (
        f"{said(row['valid_from'], zone)}  {clean(row['device'])} {by} VTEP {subject}{owner}, {domain}{path}"
        f"{_until(row['valid_to'], zone)}"
    )


def _segment(_: str, row: Row, zone: tzinfo) -> str:
    source = f"{row['source']} route" if row["source"].startswith("type") else row["source"]
    return (
        f"{said(row['valid_from'], zone)}  {clean(row['device'])}: {source}"
        f" ({_values(row['detail'])}){_until(row['valid_to'], zone)}"
    )


def _until(end: datetime | None, zone: tzinfo) -> str:
    return ", as far as is known still" if end is None else f", until {said(end, zone)}"


def _place(device: str | None, vtep: str | None, esi: str | None) -> str:
    name = f"{clean(device)} ({clean(vtep)})" if device is not None else clean(vtep)
    return f"segment {clean(esi)} by {name}" if esi is not None else name


def _thing(row: Row) -> str:
    parts = [clean(row["device"])] if row["device"] is not None else []
    parts.append(clean(row["kind"]))
    parts += [
        clean(row[name])
        for name in ("interface", "peer", "mac", "ip", "esi", "name")
        if row[name] is not None
    ]
    return " ".join(parts) + (f" in VNI {row['vni']}" if row["vni"] is not None else "")


def _values(text: str) -> str:
    shown = [f"{named(key)} {value(one)}" for key, one in json.loads(text).items() if one is not None]
    return ", ".join(shown) or "nothing more is told"


def _families(rows: Sequence[Row]) -> str:
    return ", ".join(sorted({clean(row["family"]) for row in rows}))


_TOLD: Final[Mapping[str, Callable[[str, Row, tzinfo], str]]] = {"ip": _ip, "vtep": _vtep, "es": _segment}
