"""PEs of a segment that are not configured alike (rule R6).

All PEs of a segment must elect by one algorithm: if they advertise different ones, all fall back to the
modulus (RFC 8584, section 2.2.1), which is hardly what anybody wanted. They should wait equally long before
they elect (RFC 7432, section 8.5) and use one redundancy mode (section 14.1). Preferences differ by intent. A
Don't Preempt bit may differ where a PE inherits the preference of another one in operation (RFC 9785, section
4.3): that is no difference, so that of PEs that differ in it only those with different preferences count.

Subject: esi. Look first at the election's configuration on the PEs named.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import orjson
import polars as pl

from pipeline.detectors import Rule, catalogue
from pipeline.detectors.df_election import AC_DF, DONT_PREEMPT, NAMES
from pipeline.detectors.segment_events import Event, Said, finding, findings_of, moments, names, telling
from pipeline.detectors.segment_sight import Sight, active, coverage

RULES: Final = catalogue(Rule("R6", "DF_MISMATCH_CFG", "df_config", rank=1, wait=timedelta(seconds=10)))
_CONFIGURED: Final = {
    "redundancy_mode": "redundancy mode",
    "df_method": "configured DF election",
    "df_wait_s": "election wait in seconds",
    "df_revertive": "revertive election",
}
Values = dict[str, dict[str, str]]
"""By what is compared: member to what it says."""


def detect(events: Mapping[str, Sequence[Event]], owners: Mapping[str, str]) -> pl.DataFrame:
    """Return one finding per change of the verdict on a segment.

    ``events``: by ESI, in any order: those of ``pipeline.detectors.segment_sight``; ``said``, of a PE and a
    field: the text its routes say; ``configured``, of a device, a field and the segment's name there.
    ``owners``: VTEP to device.
    """
    rows: list[dict[str, Any]] = []
    for esi, told in events.items():
        rows += [finding(each, esi=esi) for each in telling(_verdicts(esi, told, owners))]
    return findings_of(rows)


def _verdicts(esi: str, told: Sequence[Event], owners: Mapping[str, str]) -> Iterator[Said]:
    sight = Sight()
    said: dict[tuple[str, ...], str] = {}
    configured: dict[tuple[str, ...], str | None] = {}
    for last, moment in moments(told):
        for event in moment:
            sight.take(event)
            match event.kind:
                case "said":
                    said[event.who] = event.value
                case "configured":
                    configured[event.who] = event.value
                case _:
                    pass  # for other rules
        there, seen = sight.serving(), sight.serving(now=True)
        by_route = {who: value for who, value in said.items() if who[0] in there}
        by_sight = {who: value for who, value in by_route.items() if who[0] in seen}
        heard = {who: value for who, value in configured.items() if sight.sees.get(who[0])}
        found = differing(by_route, configured, owners)
        compared = {
            who[0] for who, value in configured.items() if value is not None and who[1] in _CONFIGURED
        }
        differ = {device for what, by in found.items() if what in _CONFIGURED.values() for device in by}
        by_routes = not found or any(what not in _CONFIGURED.values() for what in found)
        concerned = [sight.routes()] if by_routes else []
        concerned.append(sight.words(differ if found else compared))
        share = coverage(concerned)
        yield _said(esi, found, last, active(found, differing(by_sight, heard, owners), share), share)


def differing(
    said: Mapping[tuple[str, ...], str],
    configured: Mapping[tuple[str, ...], str | None],
    owners: Mapping[str, str],
) -> Values:
    """Return what members differ in."""
    values: Values = {}
    preference: dict[str, str] = {}
    for (pe, name), text in sorted(said.items()):
        member = owners.get(pe, pe)
        if name == "single_active":
            values.setdefault("mode by A-D route", {})[member] = text
            continue
        algorithm, capabilities, preference[member] = text.split(" ")
        values.setdefault("DF algorithm", {})[member] = NAMES.get(int(algorithm), f"number {algorithm}")
        for bit, what in ((AC_DF, "AC-DF"), (DONT_PREEMPT, "Don't Preempt")):
            values.setdefault(what, {})[member] = "on" if int(capabilities) & bit else "off"
    for (device, name, _), value in sorted(configured.items()):
        if value is not None and name in _CONFIGURED:
            values.setdefault(_CONFIGURED[name], {})[device] = value
    found = {what: by for what, by in values.items() if len(set(by.values())) > 1}
    if len(set(preference.values())) < len(preference):
        found.pop("Don't Preempt", None)
    return found


def _said(esi: str, found: Values, place: Event, holds: bool | None, share: float | None) -> Said:
    name = f"Ethernet segment {esi}"
    if found:
        parts = [
            f"{what}: " + names(f"{member} {it}" for member, it in by.items()) for what, by in found.items()
        ]
        summary = f"PEs of {name} are not configured alike, " + "; ".join(parts)
        if "DF algorithm" in found:
            summary += "; all fall back to the modulus"
    else:
        summary = f"PEs of {name} are configured alike"
    if holds is None:
        summary += ", as far as was heard; nobody sees it now"
    return Said(place, "R6", holds, "warning", summary, orjson.dumps(found).decode(), share)
