"""One ESI on legs that are not one segment (rule R11).

Remote leaves balance load over all PEs of an ESI: with a wrong one, part of the traffic goes where the host
is not, silently. The rule holds, at once, when
- a PE serves a segment that is declared with other members,
- one device has two LAGs or ports with the same ESI,
- the LAGs of a segment end at different systems (LACP partner system-ids, IEEE 802.1AX),
- a LAG ends at another system than its ESI of type 1 names (RFC 7432, section 5: octets 1 to 6),
- no members are declared and no LACP is heard, and the PEs are in different sites, or one is in another rack
  than the others.

Subject: esi. Look first at the ESI's configuration on the PEs named: auto-derived ESIs repeat when a system
MAC does.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import polars as pl

from pipeline.detectors import Rule, catalogue
from pipeline.detectors.segment_events import Event, Said, finding, findings_of, moments, names, telling
from pipeline.detectors.segment_sight import Sight, Tally, active, coverage

RULES: Final = catalogue(Rule("R11", "ESI_COLLISION", "collision", rank=1))
_LACP_BASED: Final = "01"
"""First octet of an ESI made of a LACP system-id and key."""


@dataclass
class _Segment:
    """What is known of one segment at a time.

    Kinds of events: those of ``pipeline.detectors.segment_sight``; ``address``, of a device: its PE;
    ``configured``, of a device, a field and the segment's name there; ``partner``, of a device, LAG and
    member: 12 hex digits; ``declared``: JSON list of devices; ``place``: of a device, its site or rack.
    """

    sight: Sight = field(default_factory=Sight)
    address: dict[str, str] = field(default_factory=dict)
    configured: dict[tuple[str, ...], str | None] = field(default_factory=dict)
    partner: dict[tuple[str, ...], str | None] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    places: dict[tuple[str, ...], str] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what was told."""
        match event.kind:
            case "address":
                self.address[event.who[0]] = event.value
            case "configured":
                self.configured[event.who] = event.value
            case "partner":
                self.partner[event.who] = event.value
            case "declared":
                self.declared = json.loads(event.value) if event.value else []
            case "place":
                self.places[event.who] = event.value
            case _:
                self.sight.take(event)

    def members(self, owners: Mapping[str, str], *, now: bool = False) -> list[str]:
        """Return who serves the segment: devices, or addresses where the device is not known."""
        named = {pe: device for device, pe in self.address.items()}
        serving = self.sight.serving(now=now)
        return sorted({named.get(pe, owners.get(pe, pe)) for pe in serving})

    def seen(self) -> "_Segment":
        """Return what of it is seen now; its PEs are those of ``members(now=True)``."""
        sight = self.sight
        return replace(
            self,
            configured={who: value for who, value in self.configured.items() if sight.sees.get(who[0])},
            partner={who: value for who, value in self.partner.items() if sight.joins.get(who[0])},
        )

    def ports(self) -> dict[str, list[str]]:
        """Return the names of the segment on each device."""
        found: dict[str, list[str]] = {}
        for (device, what, name), value in sorted(self.configured.items()):
            if what == "name" and value is not None:
                found.setdefault(device, []).append(name)
        return found

    def apart(self, members: Sequence[str]) -> str | None:
        """Return where PEs are that can hardly have a host in common; None: they may.

        Those of two sites, or of one rack and one more elsewhere. A pair may well stand in two racks.
        """
        for what in ("site", "rack"):
            where = {member: self.places[member, what] for member in members if (member, what) in self.places}
            together = len(set(where.values()))
            if together > 1 and (what == "site" or together < len(where)):
                return names(f"{member} in {what} {place}" for member, place in where.items())
        return None

    def systems(self) -> dict[str, list[str]]:
        """Return the legs that end at each system."""
        lags = {
            (device, value)
            for (device, what, _), value in self.configured.items()
            if what == "interface" and value is not None
        }
        found: dict[str, list[str]] = {}
        for (device, lag, member), system in sorted(self.partner.items()):
            if system is not None and (device, lag) in lags:
                found.setdefault(system, []).append(f"{device} {member}")
        return found


def detect(events: Mapping[str, Sequence[Event]], owners: Mapping[str, str]) -> pl.DataFrame:
    """Return one finding per change of the verdict on a segment.

    ``events``: by ESI, in any order. ``owners``: VTEP to device.
    """
    rows: list[dict[str, Any]] = []
    for esi, told in events.items():
        rows += [finding(each, esi=esi) for each in telling(_verdicts(esi, told, owners))]
    return findings_of(rows)


def _verdicts(esi: str, told: Sequence[Event], owners: Mapping[str, str]) -> Iterator[Said]:
    segment = _Segment()
    for last, moment in moments(told):
        for event in moment:
            segment.take(event)
        members = segment.members(owners)
        reasons = _reasons(esi, segment, members)
        seen = _reasons(esi, segment.seen(), segment.members(owners, now=True))
        share = coverage(_concerned(segment, reasons))
        summary = (
            f"ESI {esi} stands for more than one segment: {'; '.join(reasons.values())}"
            if reasons
            else f"ESI {esi} stands for one segment"
        )
        holds = active(reasons, seen, share)
        if holds is None:
            summary += ", as far as was heard; nobody sees it now"
        evidence = orjson.dumps(
            {"reasons": list(reasons), "members": members, "declared": segment.declared,
             "systems": segment.systems()}
        ).decode()  # fmt: skip
        yield Said(last, "R11", holds, "critical", summary, evidence, share)


def _concerned(segment: _Segment, reasons: Collection[str]) -> Iterator[Tally]:
    """Return who sees what the reasons rest on; without reasons, what they could."""
    if not reasons or {"member", "place"} & set(reasons):
        yield segment.sight.routes()
    ports = segment.ports()
    if not reasons or "port" in reasons:
        yield segment.sight.words([device for device in ports if not reasons or len(ports[device]) > 1])
    if not reasons or {"system", "lacp esi"} & set(reasons):
        lags = {device for (device, _, _), system in segment.partner.items() if system is not None}
        yield segment.sight.words(lags, lags=True)


def _reasons(esi: str, segment: _Segment, members: Sequence[str]) -> dict[str, str]:
    systems, found = segment.systems(), dict[str, str]()
    strangers = [member for member in members if segment.declared and member not in segment.declared]
    if strangers:
        found["member"] = f"{names(strangers)} serves it, declared are {names(segment.declared)}"
    for device, ports in segment.ports().items():
        if len(ports) > 1:
            found["port"] = f"{device} has it on {names(ports)}"
    if len(systems) > 1:
        ends = [f"{names(legs)} at {_mac(system)}" for system, legs in systems.items()]
        found["system"] = f"its LAGs end at different systems, {names(ends)}"
    octets = esi.replace(":", "")
    if octets[:2] == _LACP_BASED and systems and octets[2:14] not in systems:
        system, legs = next(iter(systems.items()))
        found["lacp esi"] = f"it names system {_mac(octets[2:14])}, but {names(legs)} ends at {_mac(system)}"
    if not segment.declared and not systems and (apart := segment.apart(members)):
        found["place"] = "its PEs are far from each other, " + apart
    return found


def _mac(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
