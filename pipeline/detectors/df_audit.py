"""Designated forwarders that devices claim to be, compared with those that are elected (rules R1, R2, R3).

Of each segment and bridge domain one PE forwards broadcast, unknown unicast and multicast (BUM) to the hosts:
the designated forwarder (DF), elected by all PEs from the same type-4 routes (RFC 7432, section 8.5; RFC
8584; RFC 9785). Here it is elected again from the routes that the fabric holds (half of the fresh observers
decide), and compared with what the PEs themselves say. R2: two or more PEs forward, hosts get frames twice
and loops may form. R3: none of them does, BUM is lost. R1: one does, but another one is elected.

A PE counts while its type-4 route is held. What number stands for a VLAN in the election (VLAN ID, VNI, EVI)
is up to the devices: R1 holds only if none of the numbers known elects the PE that forwards. A PE of which
nothing fresh is known is unknown: that it might forward is no alarm, that nobody forwards can't be told.

After a leg came up its PE waits (3 s, RFC 7432, section 8.5) and nobody forwards what it will get: that is
normal, and shorter than the 5 s that the rules wait. Where devices are configured to wait longer than 3 s,
the rules wait for them, and 2 s more.

Subject: esi. Look first at who is named twice: what type-4 routes does it hold?
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson
import polars as pl

from pipeline.apply.records import us
from pipeline.detectors import Rule, catalogue
from pipeline.detectors.df_election import Candidate, attachment_aware, electable, ordered
from pipeline.detectors.df_words import ALL_DOMAINS, Verdict, evidence, summary
from pipeline.detectors.segment_events import Event, Said, finding, findings_of, moments, telling
from pipeline.detectors.settings import Settings

RULES: Final = catalogue(
    Rule("R1", "DF_RECOMPUTE", "df", rank=1, wait=timedelta(seconds=5)),
    Rule("R3", "NO_DF", "df", rank=2, wait=timedelta(seconds=5)),
    Rule("R2", "DUAL_DF", "df", rank=3, wait=timedelta(seconds=5)),
)
DEFAULT_WAIT_S: Final = 3
"""RFC 7432, section 8.5."""
_MARGIN_S: Final = 2
"""How much longer than devices the rules wait."""
_SECOND_US: Final = 1_000_000


@dataclass
class _Segment:
    """What is known of one segment at a time.

    Kinds of events and their value: ``serves``, of a PE: its type-4 route is held, null: nobody fresh can
    tell; ``election``, of a PE: the text of ELECTION; ``address``, of a device: its PE; ``claims``, of a
    device and domain: it forwards; ``sees``, of a device: what it says of segments is fresh; ``wait``, of a
    device and name: seconds; ``aliases``, of a device, PE and VNI: it originates an A-D
    route for it.
    """

    serves: dict[str, bool | None] = field(default_factory=dict)
    likely: set[str] = field(default_factory=set)
    """PEs that served it when it was heard last."""
    election: dict[str, Candidate] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=dict)
    claims: dict[str, dict[str, bool]] = field(default_factory=dict)
    """By domain and device."""
    tags: dict[str, set[int]] = field(default_factory=dict)
    """By domain: the numbers that devices know it by."""
    sees: dict[str, bool] = field(default_factory=dict)
    wait: dict[tuple[str, ...], int] = field(default_factory=dict)
    aliases: dict[tuple[str, str], bool] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what was told."""
        who, value = event.who, event.value
        match event.kind:
            case "serves":
                self.serves[who[0]] = value
                if value is not None:
                    (self.likely.add if value else self.likely.discard)(who[0])
            case "election":
                algorithm, capabilities, preference = map(int, value.split(" "))
                self.election[who[0]] = Candidate(who[0], algorithm, capabilities, preference)
            case "address":
                self.address[who[0]] = value
            case "claims":
                self._claim(who[0], who[1], value)
            case "sees":
                self.sees[who[0]] = value
            case "wait" if value is None:
                self.wait.pop(who, None)
            case "wait":
                self.wait[who] = int(value)
            case "aliases":
                self.aliases[who[1], who[2]] = value
            case _:
                pass  # for other rules

    def _claim(self, device: str, numbers: str, forwards: bool | None) -> None:
        """Take a claim. Devices may know a domain by more numbers or fewer: a VNI comes first."""
        known = dict(zip(("VNI", "EVI", "VLAN"), numbers.split(" "), strict=True))
        domain = next((f"{kind} {number}" for kind, number in known.items() if number), ALL_DOMAINS)
        self.tags.setdefault(domain, set()).update(int(number) for number in known.values() if number)
        claims = self.claims.setdefault(domain, {})
        if forwards is None:
            claims.pop(device, None)
        else:
            claims[device] = forwards

    @property
    def candidates(self) -> list[Candidate]:
        """Return the PEs that take part, in the order of their addresses."""
        serving = (pe for pe, serves in self.serves.items() if serves)
        return ordered([self.election.get(pe, Candidate(pe)) for pe in serving])


def detect(
    events: Mapping[str, Sequence[Event]], owners: Mapping[str, str], settings: Settings, now: int
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return one finding per change of the verdict on a segment, and when time alone will change one next.

    ``events``: by ESI, in any order. ``owners``: VTEP to device. ``settings``: for the rules' waits.
    ``now``: the fabric's clock, microseconds.
    """
    rows: list[dict[str, Any]] = []
    due: dict[str, int] = {}
    for esi, told in events.items():
        verdicts, waits = _verdicts(esi, told)
        own = {rule.id: settings.wait(rule, esi) for rule in RULES.values()}
        extra = [_extra(own[_rule(found)], wait) for (_, found), wait in zip(verdicts, waits, strict=True)]
        shown, pending = _waited(verdicts, extra, now)
        if pending is not None:
            due[esi] = pending
        said = (_said(esi, found, place, owners) for place, found in shown)
        rows += [finding(each, esi=esi) for each in telling(said)]
    return findings_of(rows), due


_Placed = tuple[Event, Verdict]


def _verdicts(esi: str, told: Iterable[Event]) -> tuple[list[_Placed], list[int]]:
    """Return the verdict after each moment, and how long devices wait then at most, seconds."""
    segment = _Segment()
    found: list[_Placed] = []
    waits: list[int] = []
    for last, moment in moments(told):
        for event in moment:
            segment.take(event)
        found.append((last, verdict(esi, segment)))
        waits.append(max(segment.wait.values(), default=DEFAULT_WAIT_S))
    return found, waits


def verdict(esi: str, segment: _Segment) -> Verdict:
    """Return what holds of a segment."""
    candidates = segment.candidates
    serving = {each.address for each in candidates}
    unsure = any(serves is None for serves in segment.serves.values())
    dual: dict[str, tuple[str, ...]] = {}
    none: dict[str, tuple[str, ...]] = {}
    wrong: dict[str, tuple[str, tuple[str, ...]]] = {}
    device_of = {pe: device for device, pe in segment.address.items()}
    heard_all, could = set[str](), {device_of.get(pe, pe) for pe in segment.likely}
    for domain, claims in sorted(segment.claims.items()):
        # a device whose address is not known counts: that it serves the segment is its own word
        heard = {
            device: forwards
            for device, forwards in sorted(claims.items())
            if segment.sees.get(device) and segment.address.get(device) in {None, *serving}
        }
        heard_all |= heard.keys()
        claimers = tuple(device for device, forwards in heard.items() if forwards)
        if len(claimers) > 1:
            dual[domain] = claimers
        elif not claimers and serving and not unsure and could <= heard.keys():
            none[domain] = tuple(heard)
        elif len(claimers) == 1 and not unsure and claimers[0] in segment.address:
            elected = electable(_taking_part(segment, candidates, domain), segment.tags[domain] - {0}, esi)
            if elected and segment.address[claimers[0]] not in elected:
                wrong[domain] = claimers[0], tuple(elected)
    active: bool | None = bool(dual or none or wrong)
    if not active and (unsure or not could <= heard_all):
        active = None
    return Verdict(
        active, dual, none, wrong, tuple(candidates), len(could & heard_all), len(could | heard_all)
    )


def _taking_part(segment: _Segment, candidates: list[Candidate], domain: str) -> list[Candidate]:
    """Return who takes part for a domain: with AC-DF not who is known to have no A-D route for it."""
    if not attachment_aware(candidates):
        return candidates
    number = domain.removeprefix("VNI ")
    return [each for each in candidates if segment.aliases.get((each.address, number), True)]


def _extra(own: timedelta, wait: int) -> int:
    """Return how much longer than it would a rule has to wait where devices do, microseconds."""
    return max(0, (wait + _MARGIN_S) * _SECOND_US - us(own)) if wait > DEFAULT_WAIT_S else 0


def _rule(found: Verdict) -> str:
    return "R2" if found.dual else "R3" if found.none else "R1"


def _waited(verdicts: list[_Placed], extra: list[int], now: int) -> tuple[list[_Placed], int | None]:
    """Return verdicts as they count where devices wait longer, and when one will begin to count.

    ``extra``: how much longer of each, microseconds.
    """
    if not any(extra):
        return verdicts, None
    shown: list[_Placed] = []
    held, until = False, 0
    due: int | None = None
    for at, (event, found) in enumerate(verdicts):
        if not found.active:
            held = False
            shown.append((event, found))
            continue
        if not held:
            held, until = True, event.time + extra[at]
        end = verdicts[at + 1][0].time if at + 1 < len(verdicts) else None
        if event.time >= until:
            shown.append((event, found))
        elif end is not None and end <= until:
            shown.append((event, found._replace(active=False)))
        else:
            shown.append((event, found._replace(active=False)))
            if until <= now:
                shown.append((event._replace(time=until, now=until), found))
            elif end is None:
                due = until
    return shown, due


def _said(esi: str, found: Verdict, place: Event, owners: Mapping[str, str]) -> Said:
    return Said(
        place,
        _rule(found),
        found.active,
        "critical" if found.dual or found.none else "warning",
        summary(esi, found, owners),
        orjson.dumps(evidence(found, owners)).decode(),
        found.heard / found.could_tell if found.could_tell else None,
    )
