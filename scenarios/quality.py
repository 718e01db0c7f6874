"""How well the rules do on scenarios: figures per rule and per scenario, and whether they got worse."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

from scenarios.found import Found
from scenarios.matching import Result, describe

_DECIMALS: Final = 2
Json = dict[str, Any]  # Any: JSON


@dataclass(slots=True)
class Figures:
    """Of one rule, in all scenarios."""

    expected: int = 0
    found: int = 0
    """In time, whatever is wrong with them besides."""
    missed: int = 0
    wrong: int = 0
    """Found in time, but resolved, raised or explained otherwise than they had to be."""
    false: int = 0
    latencies_s: list[float] = field(default_factory=list)

    def latency_s(self, share: float) -> float | None:
        """Return the latency that so large a share of what was found stays within, None for nothing found."""
        ordered = sorted(self.latencies_s)
        return ordered[max(ceil(share * len(ordered)) - 1, 0)] if ordered else None


def per_rule(results: Iterable[Result]) -> dict[str, Figures]:
    """Return the figures of each rule that was expected or told, in the catalogue's order."""
    rules: dict[str, Figures] = defaultdict(Figures)
    for result in results:
        for match in result.matches:
            figures = rules[match.expected.rule]
            figures.expected += 1
            if match.missed is None:
                assert match.latency_s is not None, "what was found in time has a latency"
                figures.found += 1
                figures.wrong += bool(match.wrong)
                figures.latencies_s.append(match.latency_s)
            else:
                figures.missed += 1
        for found in result.false:
            rules[found.rule].false += 1
    return dict(sorted(rules.items(), key=lambda item: _order(item[0])))


def _order(rule: str) -> tuple[str, int, str]:
    """Return the place of a rule: by letter and number, those with names of their own last."""
    number = rule[1:]
    return (rule[0], int(number), "") if number.isdecimal() else ("~", 0, rule)


def summary(results: Sequence[Result]) -> Json:
    """Return everything as JSON: what is committed and compared, and what ``--json`` prints."""
    return {
        "rules": {rule: _rule_json(figures) for rule, figures in per_rule(results).items()},
        "scenarios": {
            result.scenario: _scenario_json(result) for result in sorted(results, key=lambda it: it.scenario)
        },
    }


def _rule_json(figures: Figures) -> Json:
    return {
        "expected": figures.expected,
        "found": figures.found,
        "missed": figures.missed,
        "wrong": figures.wrong,
        "false": figures.false,
        "latency_p50_s": _rounded(figures.latency_s(0.5)),
        "latency_p99_s": _rounded(figures.latency_s(0.99)),
    }


def _scenario_json(result: Result) -> Json:
    wrong = {it.expected.label: "; ".join(it.wrong) for it in result.matches if it.wrong}
    if result.roots is not None:
        wrong["roots"] = result.roots
    return {
        "expected": len(result.matches),
        "found": sum(it.missed is None for it in result.matches),
        "missed": {it.expected.label: it.missed for it in result.matches if it.missed is not None},
        "wrong": wrong,
        "false": [describe(it) for it in result.false],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, _DECIMALS)


def worse(results: Iterable[Result], baseline: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for all that is missed, wrong or false and was not so in the committed figures.

    A scenario that has no figures yet has to be right. Times of false alarms may change, their number not.
    """
    before = baseline.get("scenarios", {})
    for result in results:
        known = before.get(result.scenario, {"missed": {}, "wrong": {}, "false": []})
        now = _scenario_json(result)
        for label, why in now["missed"].items():
            if label not in known["missed"]:
                yield f"{result.scenario}: {label} is missed: {why}"
        for label, why in now["wrong"].items():
            if label not in known["wrong"] and label not in known["missed"]:
                yield f"{result.scenario}: {label} is wrong: {why}"
        allowed = Counter(text.split()[0] for text in known["false"])
        for found in result.false:
            if allowed[found.rule]:
                allowed[found.rule] -= 1
            else:
                yield f"{result.scenario}: false: {_told(found)}"


def _told(found: Found) -> str:
    return f"{describe(found)}: {found.summary}"
