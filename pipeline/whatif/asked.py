"""Thresholds as people try them: ``moves=20``, ``window=5s``, ``M3.moves=4``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from collectors.errors import InputError
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.detect import PARAMETERS, RULES
from pipeline.detectors import Rule
from pipeline.detectors.settings import TIMERS, Key, Parameter, Settings

_MOST_SECONDS: Final = 7 * 86_400.0
_UNITS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+", re.ASCII)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([dhms])", re.ASCII)


@dataclass(frozen=True)
class Change:
    """One threshold that is tried."""

    parameter: Parameter
    was: float
    value: float

    def words(self) -> str:
        """Return it for people."""
        one = self.parameter
        return f"{one.rule} {one.name} {self.value:g} instead of {self.was:g} {one.unit}"


def parameters_of(rule: Rule) -> dict[str, Parameter]:
    """Return the thresholds of a rule by name: its own, and how long it waits and clears."""
    timers = {
        name: Parameter(rule.id, name, length.total_seconds(), "s", 0, _MOST_SECONDS, per_vni=True)
        for name, length in zip(TIMERS, (rule.wait, rule.clear), strict=True)
    }
    return {**{one.name: one for one in PARAMETERS if one.rule == rule.id}, **timers}


def changes(rule: str, given: Sequence[str], vni: int | None, now: Settings) -> list[Change]:
    """Return what ``--set`` asks for; raises InputError. ``now``: the thresholds that hold."""
    if not given:
        names = ", ".join(parameters_of(RULES[rule]))
        raise InputError(f"say what to try: --set NAME=VALUE, with one of {names} for {rule}")
    found: dict[Key, Change] = {}
    for text in given:
        change = _change(rule, text, vni, now)
        if change.parameter.key in found:
            raise InputError(f"--set gives {change.parameter.rule} {change.parameter.name} twice")
        found[change.parameter.key] = change
    return list(found.values())


def with_changes(now: Settings, tried: Sequence[Change], vni: int | None) -> Settings:
    """Return the thresholds with those that are tried: of the whole fabric, or of one VNI.

    For the whole fabric means everywhere: what is set for single VNIs and segments is overruled, too.
    """
    values = {one.parameter.key: one.value for one in tried}
    if vni is not None:
        return replace(now, vnis={**now.vnis, vni: {**now.vnis.get(vni, {}), **values}})

    def without(held: Mapping[Key, float]) -> dict[Key, float]:
        return {key: value for key, value in held.items() if key not in values}

    return Settings(
        {**now.fabric, **values},
        {one: without(held) for one, held in now.vnis.items()},
        {one: without(held) for one, held in now.segments.items()},
    )


def _change(rule: str, text: str, vni: int | None, now: Settings) -> Change:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name or not value:
        raise InputError(f"--set {shown(text)} is no NAME=VALUE, as moves=20")
    of, dot, rest = name.partition(".")
    if dot:
        if of not in RULES:
            raise InputError(f"--set {shown(text)}: there is no rule {shown(of)}{did_you_mean(of, RULES)}")
        if RULES[of].family != RULES[rule].family and not _together(of, rule):
            raise InputError(f"--set {shown(text)}: {of} has nothing to do with {rule}: try it by itself")
        rule, name = of, rest
    known = parameters_of(RULES[rule])
    parameter = known.get(name) or known.get(f"{name}_s")
    if parameter is None:
        raise InputError(
            f"{rule} has no threshold {shown(name)}{did_you_mean(name, known)}: use {', '.join(known)}"
        )
    if vni is not None and not parameter.per_vni:
        raise InputError(f"{rule} {parameter.name} can't be set for a VNI: it is one for the fabric")
    was = now.fabric.get(parameter.key, parameter.default)
    if vni is not None:
        was = now.vnis.get(vni, {}).get(parameter.key, was)
    return Change(parameter, was, _value(parameter, value))


def _together(one: str, other: str) -> bool:
    """Return whether thresholds of one rule decide about another: migrations are no flaps, loops are many."""
    moves = {"M1", "M2", "M3", "M4", "M5", "M6", "M12", "M14"}
    return {one, other} <= moves


def _value(parameter: Parameter, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
        if parameter.unit == "s" and _DURATION.fullmatch(text):
            value = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not parameter.least <= value <= parameter.most:
        also = ", also written 90s or 3m" if parameter.unit == "s" else ""
        raise InputError(
            f"{parameter.rule} {parameter.name} must be {parameter.least:g} to {parameter.most:g}"
            f" {parameter.unit}{also}, not {shown(text)}"
        )
    return value
