"""Scenarios from their YAML files; docs/scenarios.md says what may stand there."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from collectors.errors import InputError
from collectors.inventory_yaml.mistakes import Mistakes
from scenarios.names import KEYS, subject_of
from scenarios.nodes import Fields, document, items_of, line_of, number_of, text_of
from scenarios.scenario import LEEWAY_S, Allowed, Expected, Recorded, Scenario, Simulation, Window, Works
from targets.simulated.design import Design, Plan, Routing, plan_of
from targets.simulated.scenarios import Step
from targets.simulated.verbs import VERBS, usage

_TOP: Final = (
    "meaning", "source", "fabric", "recording", "declared", "maintenance", "seed", "seconds", "timeline",
    "expect", "may", "roots",
)  # fmt: skip
_FABRIC: Final = ("design", "spines", "leaves", "vnis", "hosts", "underlay")
_STEP: Final = ("at", "do", "every", "times")
_EXPECT: Final = (
    "rule", "name", "about", "opened", "decidable", "resolved", "raised_from", "under", "planned",
)  # fmt: skip
_WORKS: Final = ("at", "until", "scope")
_MAY: Final = ("rule", "about", "under")
_RULE: Final = re.compile(r"[MIRVLXG][0-9]{1,2}|[A-Z]+_[A-Z]+")
RECORDED: Final = "scenario.yaml"
"""A recording's expectations, in its folder."""
_ROOT: Final = "nothing"
"""``under: nothing``: a root."""
_SMALL: Final = {"spines": 2, "leaves": 4, "vnis": 2, "hosts": 12}
_SEED: Final = 7


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in a file; raises InputError with all its mistakes.

    It is called by the file's name; one called ``scenario.yaml`` is a recording's, and has its folder's name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the scenario {path}: {error}") from error
    name = path.absolute().parent.name if path.name == RECORDED else path.stem
    return parse_scenario(text, name=name, file=str(path), folder=path.parent)


def parse_scenario(text: str, *, name: str, file: str, folder: Path) -> Scenario:
    """Return the scenario in a text; ``file`` is named in messages, recordings are beside ``folder``."""
    mistakes = Mistakes(file)
    root = document(text, mistakes)
    mistakes.raise_if_any()
    fields = Fields(root, "a scenario", _TOP, mistakes)
    plan: Plan | None = None
    played: Simulation | Recorded
    if "recording" in fields:
        for key in ("fabric", "declared", "maintenance", "seed", "seconds", "timeline"):
            if key in fields:
                mistakes.add(line_of(fields.node(key)), f"a recording has no {key}: what was done is in it")
        played = Recorded(folder / fields.text("recording"))
    else:
        design = _design(Fields(fields.node("fabric"), "fabric", _FABRIC, mistakes))
        try:
            plan = plan_of(design)
        except InputError as error:
            mistakes.add(line_of(fields.node("fabric")), str(error))
            mistakes.raise_if_any()
        declared = fields.plain("declared")
        if not isinstance(declared, dict | None):
            mistakes.add(line_of(fields.node("declared")), "declared must be a mapping")
        steps = tuple(
            sorted(
                (step for node in fields.items("timeline") for step in _steps(node, mistakes)),
                key=lambda step: step.at_s,
            )
        )
        played = Simulation(
            design,
            int(fields.number("seed", _SEED)),
            steps,
            fields.number("seconds"),
            declared if isinstance(declared, dict) else {},
            tuple(_works(node, plan, mistakes) for node in fields.items("maintenance")),
        )
    expected = [it for node in fields.items("expect") for it in _expected(node, plan, mistakes)]
    allowed = [it for node in fields.items("may") for it in _allowed(node, plan, mistakes)]
    _check_labels(expected, allowed, fields, mistakes)
    meaning, source = fields.text("meaning"), fields.text("source")
    roots = int(fields.number("roots")) if "roots" in fields else None
    mistakes.raise_if_any()
    return Scenario(name, meaning, source, played, tuple(expected), tuple(allowed), roots)


def _design(fields: Fields) -> Design:
    routing = _one_of(fields, "design", get_args(Routing), "ebgp")
    underlay: Literal[4, 6] = 6 if _one_of(fields, "underlay", ("ipv4", "ipv6"), "ipv4") == "ipv6" else 4
    sizes = {name: int(fields.number(name, default)) for name, default in _SMALL.items()}
    return Design(sizes["spines"], sizes["leaves"], routing, underlay, sizes["vnis"], sizes["hosts"])


def _one_of(fields: Fields, key: str, known: tuple[Any, ...], default: str) -> Any:  # Any: a literal
    text = fields.text(key, default)
    if text not in known:
        fields.mistakes.add(
            line_of(fields.node(key)), f"{key} must be one of {', '.join(known)}, not {text!r}"
        )
        return default
    return text


def _steps(node: yaml.Node, mistakes: Mistakes) -> Iterator[Step]:
    fields = Fields(node, "a step", _STEP, mistakes)
    at, every, times = fields.number("at"), fields.number("every", 0.0), int(fields.number("times", 1.0))
    if ("every" in fields) != ("times" in fields) or times < 1:
        mistakes.add(fields.line, "a step that is repeated says every how many seconds and how many times")
    verb, *words = fields.text("do").split() or [""]
    if verb not in VERBS:
        mistakes.add(fields.line, f"there is no verb {verb!r}: use one of {', '.join(VERBS)}")
        return
    takes = VERBS[verb].words
    if not sum("=" not in word for word in takes) <= len(words) <= len(takes):
        mistakes.add(fields.line, f"this is how it is used: {usage(verb)}")
    for number in range(times):
        yield Step(at + number * every, verb, tuple(words))


def _works(node: yaml.Node, plan: Plan | None, mistakes: Mistakes) -> Works:
    fields = Fields(node, "maintenance", _WORKS, mistakes)
    scope = fields.plain("scope")
    if not isinstance(scope, dict):
        mistakes.add(fields.line, "maintenance needs a scope: {device: [leaf-1]}")
        scope = {}
    segments = {it.name: it.esi_text for it in (plan.segments if plan else ())}
    if isinstance(scope.get("esi"), list):
        scope["esi"] = [segments.get(name, name) for name in scope["esi"]]
    return Works(fields.number("at"), fields.number("until"), scope)


def _expected(node: yaml.Node, plan: Plan | None, mistakes: Mistakes) -> Iterator[Expected]:
    """Yield what an entry expects: an incident for each thing it is about."""
    fields = Fields(node, "an expected incident", _EXPECT, mistakes)
    rule = _rule(fields)
    opened = _window(fields, "opened", mistakes)
    decidable = fields.number("decidable", opened[0])
    if not opened[0] <= decidable <= opened[1] <= decidable + LEEWAY_S:
        mistakes.add(
            fields.line,
            f"{rule} can decide at {decidable:g} s, and has to be told between then and {LEEWAY_S:g} s later,"
            f" not from {opened[0]:g} to {opened[1]:g} s",
        )
    resolved = _resolved(fields, mistakes)
    raised = tuple(text_of(it, "raised_from", mistakes) for it in fields.items("raised_from"))
    under = fields.text("under", "") if "under" in fields else None
    planned = _one_of(fields, "planned", ("yes", "no"), "yes") == "yes" if "planned" in fields else None
    for about in _about(fields):
        label = fields.text("name", " ".join((rule, *about.values())))
        yield Expected(
            label, rule, _subject(fields, about, plan), opened, decidable, resolved, raised,
            "" if under == _ROOT else under, planned,
        )  # fmt: skip


def _allowed(node: yaml.Node, plan: Plan | None, mistakes: Mistakes) -> Iterator[Allowed]:
    fields = Fields(node, "an incident that may be", _MAY, mistakes)
    rule, under = _rule(fields), fields.text("under", "") or None
    for about in _about(fields):
        yield Allowed(rule, _subject(fields, about, plan), under)


def _rule(fields: Fields) -> str:
    rule = fields.text("rule")
    if rule and not _RULE.fullmatch(rule):
        fields.mistakes.add(fields.line, f"{rule!r} is no rule: they are called M2, R4, V1 and so on")
    return rule


def _about(fields: Fields) -> Iterator[dict[str, str]]:
    """Yield what an entry is about: several things where a list stands instead of a name."""
    columns: dict[str, list[str]] = {}
    for key, value in fields.pairs("about"):
        if key not in KEYS:
            fields.mistakes.add(line_of(value), f"an incident has no {key!r}: it has {', '.join(KEYS)}")
            continue
        listed = items_of(value, key, fields.mistakes) if isinstance(value, yaml.SequenceNode) else [value]
        columns[key] = [text_of(it, key, fields.mistakes) for it in listed]
    for names in product(*columns.values()):
        yield dict(zip(columns, names, strict=True))


def _subject(fields: Fields, about: Mapping[str, str], plan: Plan | None) -> dict[str, frozenset[str]]:
    try:
        return dict(subject_of(about, plan))
    except ValueError as error:
        fields.mistakes.add(fields.line, str(error))
        return {}


def _resolved(fields: Fields, mistakes: Mistakes) -> Window | Literal["any"] | None:
    if "resolved" not in fields:
        return None
    if isinstance(fields.node("resolved"), yaml.ScalarNode) and fields.text("resolved") == "any":
        return "any"
    return _window(fields, "resolved", mistakes)


def _window(fields: Fields, key: str, mistakes: Mistakes) -> Window:
    ends = [number_of(it, key, mistakes) for it in fields.items(key)]
    if len(ends) != 2 or ends[0] > ends[1]:
        mistakes.add(fields.line, f"{key} must be two seconds, the earliest and the latest: {key}: [5, 10]")
        return (0.0, 0.0)
    return ends[0], ends[1]


def _check_labels(
    expected: list[Expected], allowed: list[Allowed], fields: Fields, mistakes: Mistakes
) -> None:
    """See that roots are expected incidents, and that names are told apart."""
    labels = [it.label for it in expected]
    for label in sorted({it for it in labels if labels.count(it) > 1}):
        mistakes.add(line_of(fields.node("expect")), f"two expected incidents are called {label!r}")
    for under in [*(it.under for it in expected), *(it.under for it in allowed)]:
        if under and under not in labels:
            mistakes.add(
                line_of(fields.node("expect")),
                f"nothing expected is called {under!r}, which is to be a root: there are {', '.join(labels)}",
            )
