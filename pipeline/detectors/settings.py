"""Thresholds of rules: the catalogue's, or what operators set for a fabric, a VNI, a segment."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeVar

import polars as pl

from pipeline.detectors import Rule

Subject = TypeVar("Subject", int, str)
Key = tuple[str, str]
"""Rule and name of a parameter."""
TIMERS: Final = ("wait_s", "clear_s")
"""Parameters that every rule has: ``Rule.wait`` and ``Rule.clear`` in seconds."""


@dataclass(frozen=True)
class Parameter:
    """One threshold of one rule."""

    rule: str
    name: str
    default: float
    unit: str
    least: float
    most: float

    @property
    def key(self) -> Key:
        """Return what settings know it by."""
        return self.rule, self.name


def parameters(*given: Parameter) -> tuple[Parameter, ...]:
    """Return parameters of a rule family; raises ValueError if a default is out of its own limits."""
    for each in given:
        if not each.least <= each.default <= each.most:
            raise ValueError(f"{each.rule} {each.name}: {each.default} is not in {each.least}..{each.most}")
    return given


@dataclass(frozen=True)
class Settings:
    """What operators set for one fabric; the narrowest holds: segment, VNI, fabric, default."""

    fabric: Mapping[Key, float] = field(default_factory=dict)
    vnis: Mapping[int, Mapping[Key, float]] = field(default_factory=dict)
    segments: Mapping[str, Mapping[Key, float]] = field(default_factory=dict)
    """By ESI, in lower case with colons."""

    def value(self, parameter: Parameter) -> float:
        """Return the threshold of the fabric as a whole."""
        return self.fabric.get(parameter.key, parameter.default)

    def widest(self, parameter: Parameter) -> float:
        """Return the highest threshold that holds for any subject: how long there is something to keep."""
        narrow = (each.get(parameter.key) for each in (*self.vnis.values(), *self.segments.values()))
        return max([self.value(parameter), *(value for value in narrow if value is not None)])

    def limit(self, parameter: Parameter, columns: Collection[str]) -> pl.Expr:
        """Return the threshold of each row of a frame: of its vni and esi, if they are among ``columns``."""
        limit = pl.lit(self.value(parameter))
        if "vni" in columns and (by_vni := self._of(self.vnis, parameter.key)):
            vni = pl.col("vni").cast(pl.Int64)
            limit = pl.coalesce(vni.replace_strict(by_vni, default=None, return_dtype=pl.Float64), limit)
        if "esi" in columns and (by_esi := self._of(self.segments, parameter.key)):
            esi = pl.col("esi").cast(pl.String)
            limit = pl.coalesce(esi.replace_strict(by_esi, default=None, return_dtype=pl.Float64), limit)
        return limit

    def timed(self, rules: Iterable[Rule], vni: int | None, esi: str | None) -> list[Rule]:
        """Return rules with the waits and clears that hold for a subject."""
        return [
            replace(
                rule,
                wait=self._timer((rule.id, "wait_s"), vni, esi, rule.wait),
                clear=self._timer((rule.id, "clear_s"), vni, esi, rule.clear),
            )
            for rule in rules
        ]

    def _timer(self, key: Key, vni: int | None, esi: str | None, default: timedelta) -> timedelta:
        for found in (
            self.segments.get(esi or "", {}).get(key),
            self.vnis.get(-1 if vni is None else vni, {}).get(key),
            self.fabric.get(key),
        ):
            if found is not None:
                return timedelta(seconds=found)
        return default

    @staticmethod
    def _of(narrow: Mapping[Subject, Mapping[Key, float]], key: Key) -> dict[Subject, float]:
        return {subject: values[key] for subject, values in narrow.items() if key in values}
