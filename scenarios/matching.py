"""Incidents that were found, held against those that had to be: what is missed, false or told wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scenarios.found import Found
from scenarios.scenario import Allowed, Expected, Scenario, Subject

EARLY_S: Final = 0.01
"""Clocks of scenario and stream are cut at microseconds and milliseconds."""


@dataclass(frozen=True, slots=True)
class Match:
    """An expected incident and what came of it."""

    expected: Expected
    found: Found | None
    latency_s: float | None
    """From the moment at which the rule could decide; None: not found in time."""
    wrong: tuple[str, ...]
    """What is wrong with the one that was found in time: a sentence each."""
    missed: str | None
    """Why it counts as missed; None: found in time."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scenario."""

    scenario: str
    matches: tuple[Match, ...]
    false: tuple[Found, ...]
    """Incidents that nobody expected or allowed, and those told before they could be true."""
    roots: str | None
    """What is wrong with the number of roots, None: nothing."""


def matched(scenario: Scenario, found: Sequence[Found]) -> Result:
    """Return what came of a scenario; each incident answers for one expectation at most."""
    left = list(found)
    answers: dict[str, Found] = {}
    # what is said most exactly chooses first
    for expected in sorted(scenario.expected, key=lambda it: -len(it.subject)):
        fitting = [it for it in left if it.rule == expected.rule and is_about(it, expected.subject)]
        if fitting:
            best = min(fitting, key=lambda it: _distance(it, expected))
            answers[expected.label] = best
            left.remove(best)
    matches = [_match(it, answers.get(it.label), answers, found) for it in scenario.expected]
    early = [it.found for it in matches if it.found is not None and _is_early(it.found, it.expected)]
    false = [it for it in left if not any(_allows(one, it, answers, found) for one in scenario.allowed)]
    roots = [it for it in found if it.root is None]
    told = None
    if scenario.roots is not None and len(roots) != scenario.roots:
        names = ", ".join(describe(it) for it in roots) or "none"
        told = f"{len(roots)} incidents stand for themselves, not {scenario.roots}: {names}"
    return Result(scenario.name, tuple(matches), (*false, *early), told)


def is_about(found: Found, subject: Subject) -> bool:
    """Return whether an incident is about a subject, in the columns that this names."""
    return all(found.subject.get(column) in texts for column, texts in subject.items())


def describe(found: Found) -> str:
    """Return rule, subject and time of an incident."""
    about = " ".join(f"{column} {text}" for column, text in found.subject.items())
    return f"{found.rule} {about} at {found.detected_s:.2f} s"


def _match(
    expected: Expected, found: Found | None, answers: Mapping[str, Found], all_found: Sequence[Found]
) -> Match:
    if found is None:
        return Match(expected, None, None, (), "nothing was told")
    told_s = found.told_s(expected.rule)
    earliest, latest = expected.opened
    if told_s is None or told_s > latest + EARLY_S:
        when = "never" if told_s is None else f"at {told_s:.2f} s"
        return Match(expected, found, None, (), f"told {when}, not by {latest:g} s")
    if told_s < earliest - EARLY_S:
        return Match(expected, found, None, (), f"told at {told_s:.2f} s, before {earliest:g} s")
    wrong = tuple(_wrong(expected, found, answers, all_found))
    return Match(expected, found, max(told_s - expected.decidable_s, 0.0), wrong, None)


def _wrong(
    expected: Expected, found: Found, answers: Mapping[str, Found], all_found: Sequence[Found]
) -> Iterator[str]:
    """Yield what is wrong with an incident that was found in time."""
    before = [turn.rule for turn in found.turns[: _place(found, expected.rule)]]
    for rule in before:
        if rule not in expected.raised_from:
            yield f"was {rule} before it was {expected.rule}"
    if expected.planned is not None and expected.planned != found.planned:
        yield "is in maintenance" if found.planned else "is in no maintenance window"
    yield from _wrong_end(expected, found)
    if expected.under is None:
        return
    root = _root(found, all_found)
    wanted = answers.get(expected.under) if expected.under else None
    if expected.under and (wanted is None or root is not wanted):
        yield f"is under {'nothing' if root is None else describe(root)}, not under {expected.under!r}"
    elif not expected.under and root is not None:
        yield f"is under {describe(root)}, and should be a root"


def _wrong_end(expected: Expected, found: Found) -> Iterator[str]:
    """Yield what is wrong with how an incident ended, or didn't."""
    if expected.resolved == "any":
        return
    if expected.resolved is None:
        if found.resolved_s is not None:
            yield f"resolved at {found.resolved_s:.2f} s, and should be open"
        return
    first, last = expected.resolved
    if found.resolved_s is None:
        yield f"is open, and should be resolved by {last:g} s"
    elif not first - EARLY_S <= found.resolved_s <= last + EARLY_S:
        yield f"resolved at {found.resolved_s:.2f} s, not from {first:g} to {last:g} s"


def _place(found: Found, rule: str) -> int:
    return next((at for at, turn in enumerate(found.turns) if turn.rule == rule), 0)


def _root(found: Found, all_found: Sequence[Found]) -> Found | None:
    """Return the incident at the top of those that explain one, None for one that nothing explains."""
    known = {it.id: it for it in all_found}
    seen = {found.id}
    above = known.get(found.root or "")
    top = None
    while above is not None and above.id not in seen:
        seen.add(above.id)
        top, above = above, known.get(above.root or "")
    return top


def _allows(allowed: Allowed, found: Found, answers: Mapping[str, Found], all_found: Sequence[Found]) -> bool:
    if allowed.rule != found.rule or not is_about(found, allowed.subject):
        return False
    return allowed.under is None or _root(found, all_found) is answers.get(allowed.under)


def _is_early(found: Found, expected: Expected) -> bool:
    told_s = found.told_s(expected.rule)
    return told_s is not None and told_s < expected.opened[0] - EARLY_S


def _distance(found: Found, expected: Expected) -> float:
    """Return by how much an incident misses the time in which it had to be told."""
    told_s = found.told_s(expected.rule)
    earliest, latest = expected.opened
    return float("inf") if told_s is None else max(earliest - told_s, told_s - latest, 0.0)
