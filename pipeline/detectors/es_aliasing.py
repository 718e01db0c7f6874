"""VNIs for which a PE of a segment gets no share of the load (rule R8).

Remote leaves balance load over the PEs of a segment, for each EVI over those that announce an Ethernet A-D
route for it (type 1, per EVI; RFC 7432, section 8.4: aliasing). The rule holds when a PE announces the
segment, and not an EVI that another PE of the segment announces, although it did before or serves the VNI
(has a type-3 route for it). Traffic works, over one leg. What a PE announces is read from its own RIB; of a
PE that nobody observes nothing is said.

Subject: esi and vtep, the PE; all its EVIs are one incident. Look first at the EVI's configuration on the PE.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson
import polars as pl

from pipeline.detectors import Rule, catalogue
from pipeline.detectors.segment_events import Event, Said, finding, findings_of, moments, names, telling

RULES: Final = catalogue(Rule("R8", "EVI_AD_MISSING", "aliasing", rank=1, wait=timedelta(seconds=10)))
_NAMED: Final = 6


@dataclass
class _Segment:
    """What is known of one segment at a time.

    Kinds of events: ``announces``, of a PE: its A-D route for the segment is held; ``aliases``, of device, PE
    and VNI: the device originates an A-D route for it; ``floods``, of device and VNI; ``hears``, of a device:
    its routes are fresh.
    """

    announces: dict[str, bool | None] = field(default_factory=dict)
    aliases: dict[str, dict[str, bool]] = field(default_factory=dict)
    """By PE and VNI; false: it did once."""
    device: dict[str, str] = field(default_factory=dict)
    floods: dict[str, set[str]] = field(default_factory=dict)
    hears: dict[str, bool] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what was told."""
        match event.kind, event.who:
            case "announces", (pe,):
                self.announces[pe] = event.value
            case "aliases", (device, pe, vni):
                self.device[pe] = device
                self.aliases.setdefault(pe, {})[vni] = event.value
            case "floods", (device, vni):
                vnis = self.floods.setdefault(device, set())
                (vnis.add if event.value else vnis.discard)(vni)
            case "hears", (device,):
                self.hears[device] = event.value
            case _:
                pass  # for other rules

    def missing(self, pe: str) -> list[str] | None:
        """Return the VNIs that a PE should announce and doesn't; None: it can't be told."""
        device = self.device[pe]
        if not self.hears.get(device) or self.announces.get(pe) is None:
            return None
        if not self.announces[pe]:
            return []
        others = list(_others(self, pe))
        offered = {vni for other in others for vni, there in self.aliases[other].items() if there}
        mine = self.aliases[pe]
        expected = offered & (mine.keys() | self.floods.get(device, set()))
        lacks = sorted((vni for vni in expected if not mine.get(vni)), key=lambda vni: (len(vni), vni))
        unknown = any(self.announces.get(other, False) is None for other in self.aliases if other != pe)
        # what others announce is what it may lack
        return None if unknown and not lacks else lacks

    def coverage(self, pe: str) -> float:
        """Return how many of the devices are fresh that a verdict on a PE rests on."""
        sees = [self.hears.get(self.device[each], False) for each in (pe, *_others(self, pe))]
        told = self.announces.get(pe) is not None and sees[0]
        return sum(sees) / len(sees) if told else 0.0


def detect(events: Mapping[str, Sequence[Event]]) -> pl.DataFrame:
    """Return one finding per change of the verdict on a PE of a segment; ``events``: by ESI, in any order."""
    rows: list[dict[str, Any]] = []
    for esi, told in events.items():
        for pe, said in _verdicts(esi, told).items():
            rows += [finding(each, esi=esi, vtep=pe) for each in telling(said)]
    return findings_of(rows)


def _verdicts(esi: str, told: Sequence[Event]) -> dict[str, list[Said]]:
    segment = _Segment()
    found: dict[str, list[Said]] = {}
    for last, moment in moments(told):
        for event in moment:
            segment.take(event)
        for pe in segment.aliases:
            found.setdefault(pe, []).append(_said(esi, pe, segment, last))
    return found


def _said(esi: str, pe: str, segment: _Segment, place: Event) -> Said:
    missing, device = segment.missing(pe), segment.device[pe]
    others = sorted(segment.device[other] for other in _others(segment, pe))
    name = f"Ethernet segment {esi}"
    if missing is None:
        summary = f"What {device} announces for {name} can't be told"
    elif missing:
        listed = names(missing[:_NAMED]) + (" and others" if len(missing) > _NAMED else "")
        vnis = f"VNI {listed}" if len(missing) == 1 else f"{len(missing)} VNIs, {listed}"
        summary = (
            f"{device} gets no share of the load to {name} for {vnis}: it announces no A-D route for it,"
            f" {names(others)} does"
        )
    else:
        summary = f"{device} announces all EVIs of {name} that others announce"
    evidence = orjson.dumps({"missing_vnis": missing, "announce": others}).decode()
    active = None if missing is None else bool(missing)
    return Said(place, "R8", active, "warning", summary, evidence, segment.coverage(pe))


def _others(segment: _Segment, pe: str) -> Iterator[str]:
    """Yield the other PEs that serve the segment."""
    return (other for other in segment.aliases if other != pe and segment.announces.get(other))
