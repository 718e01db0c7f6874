"""Which finding follows from which deed, and where finding nothing is right."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from demo.findings import Finding, Found
from demo.truth import ATTACH, Deed
from pipeline.detect import RULES
from pipeline.detectors.moves import DUPLICATE_MOVES, FLAP_MOVES, FLAP_WINDOW, WINDOW

GRACE_S: Final = 30.0
"""How long after a deed's last step its findings may come: a poll each 3 s, sessions that must expire first
(9 s in the recorded fabrics), and a rule's own waiting time (10 s at most)."""
_LINK_FAMILIES: Final = ("uplinks", "segment")
_HARMLESS: Final = ("sticky-mac", "fdb-del", "relearn")
"""What may be done to a MAC where it is; the mobility rules must stay silent."""


@dataclass(frozen=True)
class Consequence:
    """A finding and how it follows from a deed."""

    finding: Finding
    after_s: float
    """Seconds from the deed's step before it."""
    by_time: bool = False
    """Only time tells: nothing in the deed names the finding's subject."""


@dataclass(frozen=True)
class Outcome:
    """A deed and what was found because of it."""

    deed: Deed
    consequences: Sequence[Consequence]
    verdict: str | None
    """Why nothing had to be found; None where something was, or where nobody can say."""


def outcomes(deeds: Sequence[Deed], found: Found) -> tuple[list[Outcome], list[Finding]]:
    """Return an outcome per deed, and the findings that follow from none."""
    causes: dict[int, list[Consequence]] = {number: [] for number in range(len(deeds))}
    unexplained = []
    roots = {finding.incident_id: finding for finding in found.findings}
    for finding in found.findings:
        root = roots.get(finding.root_incident_id or "")
        cause = _cause(finding, deeds) or (None if root is None else _cause(root, deeds))
        if cause is None:
            unexplained.append(finding)
        else:
            number, by_time = cause
            after_s = finding.found - _step_before(deeds[number], finding.found)
            causes[number].append(Consequence(finding, after_s, by_time))
    results = [
        Outcome(deed, causes[number], None if causes[number] else verdict(deed, found))
        for number, deed in enumerate(deeds)
    ]
    return results, unexplained


def verdict(deed: Deed, found: Found) -> str | None:
    """Return why the rules must find nothing in a deed, None if they need not keep silent."""
    if deed.steps[0].kind == ATTACH:
        return "a first appearance is no move"
    if deed.of_hosts:
        return _mobility_verdict(deed, found)
    return _link_verdict(deed)


def _mobility_verdict(deed: Deed, found: Found) -> str | None:
    if any(step.kind not in ("mac-move", *_HARMLESS) for step in deed.steps):
        return None
    moves = [step.time for step in deed.steps if step.kind == "mac-move"]
    if most_within(moves, FLAP_WINDOW) >= FLAP_MOVES or most_within(moves, WINDOW) >= DUPLICATE_MOVES:
        return None
    if not moves:
        return "it moved nowhere"
    seen = (found.moves or {}).get((deed.field("mac") or "").lower(), 0)
    most, window_s = most_within(moves, WINDOW), WINDOW // timedelta(seconds=1)
    told = f"{most} move{'s' * (most > 1)} within {window_s} s, {DUPLICATE_MOVES} make a duplicate"
    return told if seen == len(moves) else f"{told}; the fabric announced {seen} of {len(moves)}"


def _link_verdict(deed: Deed) -> str | None:
    """Excuse what is over sooner than the first rule on links speaks."""
    waits = [rule.wait for rule in RULES.values() if rule.family in _LINK_FAMILIES]
    shortest_s = min(waits).total_seconds()
    if "ifname" not in deed.steps[0].fields or deed.end is None or deed.end - deed.start >= shortest_s:
        return None
    return f"over after {deed.end - deed.start:.1f} s, rules wait {shortest_s:.0f} s"


def most_within(times: Sequence[float], window: timedelta) -> int:
    """Return the largest number of times, given in order, that lie in any half-open window."""
    span_s = window.total_seconds()
    return max((sum(time - span_s < other <= time for other in times) for time in times), default=0)


def _cause(finding: Finding, deeds: Sequence[Deed]) -> tuple[int, bool] | None:
    """Return the number of the deed a finding follows from, and whether only time tells.

    Of several the one that names its subject, then one still under way, then the latest.
    """
    candidates = []
    for number, deed in enumerate(deeds):
        late_s = 0.0 if deed.end is None else finding.found - deed.end
        if deed.start > finding.found or late_s > GRACE_S:
            continue
        named = _names(deed, finding)
        if named or _may_be_about(deed, finding):
            candidates.append((named, late_s <= 0, deed.start, number))
    if not candidates:
        return None
    named, _, _, number = max(candidates)
    return number, not named


def _names(deed: Deed, finding: Finding) -> bool:
    """Whether a deed's fields or labels name what a finding is about."""
    if finding.mac is not None:
        mac, vni = deed.field("mac"), deed.field("vni")
        return mac is not None and mac.lower() == finding.mac and vni in (None, str(finding.vni))
    if finding.esi is not None and deed.field("esi") is not None:
        return deed.field("esi") == finding.esi
    if finding.device is None or deed.of_hosts:
        return False
    if finding.device == deed.field("node"):
        return True
    return any(_mentions(label, finding.device) for label in deed.labels)


def _may_be_about(deed: Deed, finding: Finding) -> bool:
    """Whether a finding may be about the other end of a link, which a recording need not name."""
    return finding.device is not None and not deed.of_hosts and deed.field("ifname") is not None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _step_before(deed: Deed, time: float) -> float:
    """Return the time of the last step that may have caused something found at ``time``."""
    steps = deed.steps[:-1] if deed.restored and len(deed.steps) > 1 else deed.steps
    return max((step.time for step in steps if step.time <= time), default=deed.start)


def waits(findings: Iterable[Finding]) -> dict[str, float]:
    """Return the rules among ``findings`` that wait before they speak, and for how many seconds."""
    return {
        rule: RULES[rule].wait.total_seconds()
        for rule in sorted({finding.rule for finding in findings})
        if rule in RULES and RULES[rule].wait
    }
