"""What is said of a segment's designated forwarders: sentences for people, evidence for those who check."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pipeline.detectors.df_election import NAMES, Candidate, agreed
from pipeline.detectors.segment_events import names

ALL_DOMAINS: Final = "all VLANs"
"""What a claim without a number is about: the device elects for the segment as a whole."""
_NAMED: Final = 6
"""Domains that a sentence names; evidence names all."""


class Verdict(NamedTuple):
    """What holds of a segment; of each domain that something is wrong with, who forwards and who should."""

    active: bool | None
    dual: Mapping[str, tuple[str, ...]]
    none: Mapping[str, tuple[str, ...]]
    """Domain to those who could forward and say that they don't."""
    wrong: Mapping[str, tuple[str, tuple[str, ...]]]
    """Domain to who forwards, and who is elected by some number of the domain."""
    candidates: tuple[Candidate, ...]
    heard: int
    could_tell: int


_TWO: Final = 2


def summary(esi: str, found: Verdict, owners: Mapping[str, str]) -> str:
    """Return who forwards what that shouldn't, or who doesn't that should."""
    name = f"Ethernet segment {esi}"
    sentences = []
    for who in sorted(set(found.dual.values())):
        domains = [domain for domain, each in found.dual.items() if each == who]
        every = "both" if len(who) == _TWO else "all"
        sentences.append(
            f"{names(who)} {every} forward BUM to {name} for {_domains(domains)}: hosts get it twice"
        )
    for who in sorted(set(found.none.values())):
        domains = [domain for domain, each in found.none.items() if each == who]
        sentences.append(
            f"none of {names(who)} forwards BUM to {name} for {_domains(domains)}: broadcasts don't arrive"
        )
    if not sentences:
        for device, elected in sorted(set(found.wrong.values())):
            domains = [domain for domain, each in found.wrong.items() if each == (device, elected)]
            should = names([owners.get(pe, pe) for pe in elected], "or")
            sentences.append(
                f"{device} forwards BUM to {name} for {_domains(domains)}, but {should} is elected"
                f" by {NAMES[agreed(found.candidates)]}"
            )
    if sentences:
        text = "; ".join(sentences)
        blind = found.could_tell - found.heard
        if blind:
            text += f" ({found.heard} of {found.could_tell} PEs can be told)"
        return text[0].upper() + text[1:] if text.startswith("none") else text
    if found.active is None:
        return (
            f"Who forwards BUM to {name} can't be told: {found.heard} of {found.could_tell} PEs are heard of"
        )
    return f"{name} has one designated forwarder in each domain, the one that is elected"


def evidence(found: Verdict, owners: Mapping[str, str]) -> dict[str, Any]:
    """Return candidates, claims and what was ruled out."""
    return {
        "algorithm": NAMES[agreed(found.candidates)],
        "candidates": [
            {
                "pe": each.address,
                "device": owners.get(each.address),
                "algorithm": NAMES.get(each.algorithm, str(each.algorithm)),
                "preference": each.preference,
            }
            for each in found.candidates
        ],
        "forward": dict(found.dual),
        "nobody": list(found.none),
        "not_elected": {
            domain: {"forwards": device, "elected": elected}
            for domain, (device, elected) in found.wrong.items()
        },
        "ruled_out": ["election under way: PEs wait 3 s or as configured, this lasts longer"]
        if found.active
        else [],
    }


def _domains(domains: Sequence[str]) -> str:
    listed = sorted(domains, key=lambda domain: (len(domain), domain))
    if len(listed) > _NAMED:
        return f"{len(listed)} domains, {', '.join(listed[:_NAMED])} and others"
    return names(listed)
