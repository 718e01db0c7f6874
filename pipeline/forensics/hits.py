"""In words: who was hit by an incident, what led to it, and when each leaf knew of a move."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import groupby
from typing import Any, Final

from pipeline.forensics.telling import change
from pipeline.forensics.times import said
from pipeline.safe_text import clean

Row = Mapping[str, Any]  # Any: columns of an answer
MOST_CHANGES: Final = 12
MOST_NAMED: Final = 4
_FALLING: Final = (
    ("tenant", "tenants"),
    ("segment", "Ethernet segments"),
    ("lag", "LAGs"),
    ("device", "leaves"),
    ("vni", "VNIs"),
    ("mac", "MACs"),
)
_WHOLE: Final = ("vni", "tenant")
"""Kinds that stand for what is in them."""


def hit(rows: Sequence[Row], zone: tzinfo) -> Iterator[str]:
    """Yield who could not reach what, for how long, and who was at risk; rows of ``who_was_hit``."""
    lost = [row for row in rows if row["effect"] == "unreachable"]
    if not any(row["seconds"] for row in lost):
        certain = "is known to have" if lost else "has"
        yield f"nobody was cut off: no leaf {certain} lost its last route to anything that was still there"
    for row in lost:
        if row["kind"] in _WHOLE or (row["kind"] == "ip" and not _in_whole(row, lost)):
            yield _unreachable(row, zone)
    risky = [row for row in rows if row["effect"] == "one path" and row["kind"] in _WHOLE]
    for row in risky:
        yield (
            f"at risk: {_subject(row)}: {clean(row['device'])} had one path left to {_hosts(row)} behind"
            f" {clean(row['located'])} for {_seconds(row)}{_times(row, zone)}"
        )


def life(row: Row, root: Row | None, zone: tzinfo) -> Iterator[str]:
    """Yield what an incident was; ``root``: the one it follows from."""
    rule = f"{clean(row['rule'])} {clean(row['name'])}"
    yield f"{rule}, {row['severity']}, {row['state']}: {clean(row['summary'])}"
    resolved = f", resolved {said(row['resolved_at'], zone)}" if row["resolved_at"] else ", not resolved"
    yield f"opened {said(row['opened_at'], zone)}, detected {said(row['detected_at'], zone)}{resolved}"
    if root is not None:
        yield f"it follows from {root['incident_id'][:8]}, {clean(root['rule'])}: {clean(root['summary'])}"


def led_to(before: Sequence[Row], seconds: int, zone: tzinfo) -> Iterator[str]:
    """Yield what changed in the time before an incident opened; rows of ``changes_before``."""
    if not before:
        yield f"nothing changed in the {seconds} s before it opened"
        return
    counts = ", ".join(
        f"{number} of {kind}" for kind, number in Counter(row["kind"] for row in before).items()
    )
    last = f"; the last {MOST_CHANGES}:" if len(before) > MOST_CHANGES else ":"
    yield f"in the {seconds} s before it opened there were {len(before)} changes, {counts}{last}"
    for one in before[-MOST_CHANGES:]:
        yield change(one, zone)


def propagation(subject: str, rows: Sequence[Row], zone: tzinfo) -> Iterator[str]:
    """Yield when each device knew of each place; rows of ``propagation``."""

    def move(row: Row) -> tuple[Any, ...]:
        return row["moved_at"], row["fabric"], row["vni"], row["evi"]

    for (moved_at, _, vni, evi), told in groupby(
        sorted(rows, key=lambda row: tuple(map(str, move(row)))), key=move
    ):
        known = sorted(told, key=lambda row: (row["seconds"] is None, row["seconds"] or 0, row["device"]))
        first, late = known[0], [row for row in known if row["seconds"] is None]
        where = (
            f"{clean(first['moved_to'])} ({clean(first['vtep'])})"
            if first["moved_to"]
            else clean(first["vtep"])
        )
        domain = f"VNI {vni}" if vni is not None else f"EVI {evi}"
        heard = [
            f"{clean(row['device'])} {row['seconds']:.3f} s"
            for row in known[1:]
            if row["seconds"] is not None
        ]
        after = f"; after it {', '.join(heard)}" if heard else ""
        never = f"; {', '.join(clean(row['device']) for row in late)} not before it went on" if late else ""
        knew = (
            f"first {clean(first['device'])} knew"
            if first["seconds"] is not None
            else "who knew is not known"
        )
        step = f"{said(moved_at, zone)}  MAC {subject} in {domain} {first['what']}"
        yield f"{step} {'to' if first['what'] == 'moved' else 'at'} {where}: {knew}{after}{never}"


def fallen(subject: str, rows: Sequence[Row], when: str) -> Iterator[str]:
    """Yield what falls if something fails; rows of ``blast_radius``."""
    if not rows:
        yield f"without {clean(subject)}, as the fabric was at {when}, nothing falls to one path or to none"
    for effect, told in (("none", "no path"), ("one path", "one path")):
        found = [row for row in rows if row["effect"] == effect]
        if found:
            parts = [
                _counted(plural, [row["name"] for row in found if row["kind"] == kind])
                for kind, plural in _FALLING
                if any(row["kind"] == kind for row in found)
            ]
            named = "; ".join(parts)
            yield f"without {clean(subject)}, as the fabric was at {when}, {told} is left to {named}"


def _counted(plural: str, names: Sequence[str]) -> str:
    different = sorted(set(map(clean, names)))
    more = f" and {len(different) - MOST_NAMED} more" if len(different) > MOST_NAMED else ""
    return f"{len(different)} {plural} ({', '.join(different[:MOST_NAMED])}{more})"


def _unreachable(row: Row, zone: tzinfo) -> str:
    where = f"{_subject(row)}: {_hosts(row)} behind {clean(row['located'])}"
    if row["seconds"] is None:
        return f"{where}: whether {clean(row['device'])} could reach them is unknown{_times(row, zone)}"
    return f"{where} could not be reached from {clean(row['device'])} for {_seconds(row)}{_times(row, zone)}"


def _in_whole(row: Row, rows: Sequence[Row]) -> bool:
    """Whether the VNI of an address was hit from the same device: then its MAC was, too."""
    return any(
        one["kind"] == "vni" and (one["vni"], one["device"]) == (row["vni"], row["device"]) for one in rows
    )


def _subject(row: Row) -> str:
    if row["kind"] == "tenant":
        return f"tenant {clean(row['subject'])}"
    return f"VNI {row['vni']}" if row["kind"] == "vni" else f"{clean(row['subject'])} in VNI {row['vni']}"


def _hosts(row: Row) -> str:
    return "it" if row["kind"] == "ip" else f"{row['hosts']} MAC{'' if row['hosts'] == 1 else 's'}"


def _seconds(row: Row) -> str:
    return f"{row['seconds']:.1f} s"


def _times(row: Row, zone: tzinfo) -> str:
    end = "and is still so" if row["hit_to"] is None else f"to {said(row['hit_to'], zone)}"
    return f", from {said(row['hit_from'], zone)} {end}"
