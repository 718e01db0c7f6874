"""Thresholds of rules: the catalogue's, or what operators set for a fabric, a VNI, a segment."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.detectors import Rule

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
    per_vni: bool = False
    """It may be another for each VNI; all others are the fabric's."""

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
    """TIMERS by ESI, in lower case with colons: rules on segments have no other thresholds."""

    def value(self, parameter: Parameter) -> float:
        """Return the threshold of the fabric as a whole."""
        return self.fabric.get(parameter.key, parameter.default)

    def widest(self, parameter: Parameter) -> float:
        """Return the highest threshold that holds for any subject: how long there is something to keep."""
        narrow = (each.get(parameter.key) for each in self.vnis.values())
        return max([self.value(parameter), *(value for value in narrow if value is not None)])

    def limit(self, parameter: Parameter, columns: Collection[str]) -> pl.Expr:
        """Return the threshold of each row of a frame: of its vni, if that is among ``columns``."""
        assert parameter.per_vni, f"{parameter.key} is one for the fabric"
        limit = pl.lit(self.value(parameter))
        by_vni = {vni: values[parameter.key] for vni, values in self.vnis.items() if parameter.key in values}
        if "vni" not in columns or not by_vni:
            return limit
        vni = pl.col("vni").cast(pl.Int64)
        return pl.coalesce(vni.replace_strict(by_vni, default=None, return_dtype=pl.Float64), limit)

    def wait(self, rule: Rule, esi: str | None = None) -> timedelta:
        """Return how long a rule must hold before it opens: of a segment, of the fabric if None."""
        return self._timer((rule.id, "wait_s"), None, esi, rule.wait)

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
