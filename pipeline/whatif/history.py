"""What moved how often in a fabric's past, counted by the rules that run live, in several windows at once."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from pipeline.detectors.moves import PARAMETERS
from pipeline.detectors.settings import Settings
from pipeline.detectors.text import mac_text
from pipeline.forensics.questions import literal
from pipeline.forensics.source import Source
from pipeline.schema import TIME, Columns
from pipeline.whatif.advice import Kind, Limits, Spell
from pipeline.whatif.backtest import Progress, walk
from pipeline.whatif.compare import Row
from pipeline.whatif.declared import declared_now
from pipeline.whatif.fabric import Rebuilt
from pipeline.whatif.pages import silences
from pipeline.whatif.rerun import Rerun

WINDOWS: Final = (10.0, 30.0, 60.0, 180.0)
"""Seconds; beside these, the window that holds now."""
_FAMILY: Final = ["macs"]
_MOVES, _WINDOW, _FLAP_MOVES = (
    next(one for one in PARAMETERS if (one.rule, one.name) == key)
    for key in (("M2", "moves"), ("M2", "window_s"), ("M3", "moves"))
)
_COLUMNS: Final[Columns] = {
    "rule": pl.String,
    "vni": pl.UInt32,
    "mac": pl.UInt64,
    "time": TIME,
    "moves": pl.Int64,
    "cause": pl.String,
    "ping_pong": pl.Boolean,
}
_TOLD: Final = pl.Schema(_COLUMNS)
_BEFORE: Final = timedelta(minutes=10)
"""Migrations so long before an incident belong to it."""


@dataclass
class Counted:
    """What one run told, as far as counts go (_TOLD)."""

    parts: list[pl.DataFrame] = field(default_factory=list)

    def take(self, found: pl.DataFrame) -> None:
        """Take the findings of a page."""
        told = found.filter(pl.col("rule").is_in(["M2", "M3", "M5"]) & pl.col("mac").is_not_null())
        if len(told):
            value = pl.col("evidence").str.json_path_match
            self.parts.append(
                told.select(
                    "rule",
                    "vni",
                    "mac",
                    pl.col("time").cast(TIME),
                    moves=value("$.moves").cast(pl.Int64),
                    cause=value("$.cause"),
                    ping_pong=value("$.ping_pong") == "true",
                ).cast(_TOLD)
            )

    @property
    def rows(self) -> pl.DataFrame:
        """Return all of it."""
        return pl.concat([pl.DataFrame(schema=_TOLD), *self.parts])


def limits_of(settings: Settings, vni: int) -> Limits:
    """Return the thresholds that hold for a VNI."""
    own = settings.vnis.get(vni, {})
    values = [own.get(one.key, settings.value(one)) for one in (_MOVES, _WINDOW, _FLAP_MOVES)]
    return Limits(*values)


def spells_in(
    source: Source, fabric: str, settings: Settings, span: tuple[datetime, datetime], progress: Progress
) -> list[Spell]:
    """Return each time in which M2 told of a MAC in a VNI, with how often it moved at most."""
    rebuilt, silent = Rebuilt(declared_now(source, fabric)), silences(source, fabric)
    windows = sorted({*WINDOWS, *(limits_of(settings, vni).window_s for vni in (-1, *settings.vnis))})
    held, flaps, wide = Counted(), Counted(), {window: Counted() for window in windows}

    def rerun(tried: Settings, counted: Counted) -> Rerun:
        return Rerun(fabric, rebuilt, tried, _FAMILY, silent, found=counted.take)

    base = rerun(settings, held)
    only_flaps = {_MOVES.key: _MOVES.most, _FLAP_MOVES.key: _FLAP_MOVES.least}
    runs = [base, rerun(_everywhere(settings, only_flaps), flaps)]
    for window, counted in wide.items():
        limits = {_MOVES.key: _MOVES.least, _WINDOW.key: window}
        runs.append(rerun(_everywhere(settings, limits), counted))
    walk(source, fabric, rebuilt, runs, progress)
    marked, planned = (_said_of(source, fabric, kind) for kind in ("marked_false", "maintenance_began"))
    found = held.rows
    counts = {window: counted.rows.filter(rule="M2") for window, counted in wide.items()}
    flapping = flaps.rows.filter(rule="M3")
    last = max((row["resolved_at"] or span[1] for row in base.fired("M2")), default=span[1])
    return [
        Spell(
            row["vni"],
            pl.select(mac_text(pl.lit(row["mac"], dtype=pl.UInt64))).item(),
            row["incident_id"],
            row["fired_at"],
            _kind(row, found, marked=marked, planned=planned, last=last),
            {window: _most(rows, row, last) for window, rows in counts.items()},
            _most(flapping, row, last),
        )
        for row in base.fired("M2")
        if row["fired_at"] is not None and row["vni"] is not None and span[0] <= row["fired_at"] <= span[1]
    ]


def _everywhere(settings: Settings, values: dict[tuple[str, str], float]) -> Settings:
    own = {vni: {**held, **values} for vni, held in settings.vnis.items()}
    return replace(settings, fabric={**settings.fabric, **values}, vnis=own)


def _of(rows: pl.DataFrame, row: Row, since: datetime, last: datetime) -> pl.DataFrame:
    """Return what was told of an incident's MAC in its time."""
    until = row["resolved_at"] or last
    mine = (pl.col("vni") == row["vni"]) & (pl.col("mac") == row["mac"])
    return rows.filter(mine & pl.col("time").is_between(since, until))


def _most(rows: pl.DataFrame, row: Row, last: datetime) -> int:
    return _of(rows, row, row["opened_at"], last).select(pl.col("moves").max().fill_null(0)).item() or 0


def _kind(row: Row, found: pl.DataFrame, *, marked: set[str], planned: set[str], last: datetime) -> Kind:
    if row["incident_id"] in marked:
        return "marked as false"
    if row["incident_id"] in planned:
        return "planned"
    told = _of(found.filter(pl.col("rule") != "M5"), row, row["opened_at"], last)
    if (told["cause"] == "loop").any():
        return "loop"
    if told["ping_pong"].any() or (told["cause"] == "duplicate_host").any():
        return "duplicate"
    migrations = _of(found.filter(rule="M5"), row, row["opened_at"] - _BEFORE, last)
    return "migrations" if len(migrations) else "unclear"


def _said_of(source: Source, fabric: str, kind: str) -> set[str]:
    """Return the incidents of which something was said: a kind of ``incident_event``."""
    rows = source.rows(
        "SELECT DISTINCT incident_id FROM store.incident_event"  # noqa: S608 - values are quoted
        f" WHERE fabric = {literal(fabric)} AND kind = {literal(kind)}"
    )
    return set(rows["incident_id"].to_list())
