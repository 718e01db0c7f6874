"""A back-test in words, as a table, and day by day."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Final

import polars as pl

from pipeline.desk.words import subject
from pipeline.detectors.text import ip_text, mac_text
from pipeline.forensics.times import said
from pipeline.safe_text import clean
from pipeline.schema import TIME, Columns
from pipeline.whatif.asked import Change
from pipeline.whatif.backtest import Outcome
from pipeline.whatif.compare import Pair, Row, Verdict, lasted

_TABLE: Final[Columns] = {
    "fabric": pl.String,
    "verdict": pl.String,
    "subject": pl.String,
    "rule_now": pl.String,
    "rule_then": pl.String,
    "fired_now": TIME,
    "fired_then": TIME,
    "resolved_now": TIME,
    "resolved_then": TIME,
    "lasted_now_s": pl.Float64,
    "lasted_then_s": pl.Float64,
    "incident_id": pl.String,
}
TABLE: Final = pl.Schema(_TABLE)
"""One row per incident that there is or would have been: now and under the thresholds that are tried."""
_VERDICTS: Final[dict[Verdict, str]] = {
    "same": "told in both, at the same time and as long",
    "earlier": "told in both, but earlier",
    "later": "told in both, but later",
    "longer": "told in both, but longer",
    "shorter": "told in both, but shorter",
    "only now": "told only as it is now",
    "only then": "told only with what is tried",
}
PER_DAY: Final = pl.Schema({"fabric": pl.String, "day": pl.Date, "now": pl.Int64, "then": pl.Int64})


def headline(fabric: str, tried: Sequence[Change], vni: int | None, times: tuple[str, str]) -> str:
    """Return what was tried, on what."""
    where = f"{clean(fabric)}" + (f", VNI {vni}" if vni is not None else "")
    return f"{where}, from {times[0]} to {times[1]}: {', '.join(one.words() for one in tried)}"


def sentences(
    rule: str, shown: Sequence[Pair], days: Sequence[tuple[date, int, int]], outcome: Outcome, zone: tzinfo
) -> list[str]:
    """Return what came of it."""
    now, then = sum(day[1] for day in days), sum(day[2] for day in days)
    fewer = f"{now - then} fewer" if then < now else f"{then - now} more" if then > now else "as many"
    lines = [f"{rule} would have told {_incidents(then)}, and it told {_incidents(now)}: {fewer}"]
    if shown:
        counts = Counter(pair.verdict for pair in shown)
        lines.append(
            "; ".join(f"{counts[verdict]} {said}" for verdict, said in _VERDICTS.items() if counts[verdict])
        )
        weaker = [pair for pair in shown if pair.verdict == "only now" and pair.then is not None]
        if weaker:
            rules = ", ".join(sorted({pair.then["rule"] for pair in weaker if pair.then is not None}))
            lines.append(
                f"Of what is told only as it is now, {len(weaker)} would have been {rules}, a weaker rule"
            )
    if len(days) > 1:
        most = max(days, key=lambda day: day[1])
        lines.append(
            f"{len(days)} days have any; most were told on {most[0]}: {most[1]}, it would have been {most[2]}"
        )
    return [*lines, *_doubts(outcome, zone)]


def _doubts(outcome: Outcome, zone: tzinfo) -> list[str]:
    """Return whether what is stored leads to what the store tells, and what stands in the way."""
    own = f"the store's own {_incidents(outcome.stored)} of this kind"
    if not outcome.other and not outcome.more:
        lines = [f"Checked: today's thresholds over the same facts lead to {own}, to the microsecond"]
    else:
        gap = f"{own} but for {outcome.other}, and to {outcome.more} more"
        told = (
            f"Not the whole truth: today's thresholds over the same facts lead to {gap}. Other thresholds may"
        )
        lines = [f"{told} have held, or a part of the past is gone: give those of then with --settings"]
    if outcome.skewed:
        names = ", ".join(map(clean, outcome.skewed))
        lines.append(f"The clocks of {names} were wrong at times: when they said something is less sure then")
    if outcome.declared:
        lines.append("What is declared of the fabric is taken as it is now, for all of the past")
    return [*lines, f"as of {said(outcome.end, zone)}: the store knows nothing later"]


def table(fabric: str, shown: Sequence[Pair], end: datetime) -> pl.DataFrame:
    """Return the incidents (TABLE)."""
    rows = []
    for pair in shown:
        either = pair.now if pair.now is not None else pair.then
        assert either is not None
        rows.append(
            {
                "fabric": fabric,
                "verdict": pair.verdict,
                "subject": subject(named(either)),
                "incident_id": None if pair.now is None else pair.now["incident_id"],
                **_side("now", pair.now, end),
                **_side("then", pair.then, end),
            }
        )
    return pl.DataFrame(rows, schema=TABLE)


def day_table(fabric: str, days: Sequence[tuple[date, int, int]]) -> pl.DataFrame:
    """Return counts per day (PER_DAY)."""
    return pl.DataFrame([(fabric, *day) for day in days], schema=PER_DAY, orient="row")


def _side(name: str, row: Row | None, end: datetime) -> dict[str, object]:
    length = lasted(row, end)
    return {
        f"rule_{name}": None if row is None else row["rule"],
        f"fired_{name}": None if row is None else row["fired_at"],
        f"resolved_{name}": None if row is None else row["resolved_at"],
        f"lasted_{name}_s": None if length is None else length.total_seconds(),
    }


def named(row: Row) -> dict[str, object]:
    """Return a row with its addresses as text."""
    mac = row.get("mac")
    text = None if mac is None else pl.select(mac_text(pl.lit(mac, dtype=pl.UInt64))).item()
    return {**row, "mac": text, "ip": ip_text(row.get("ip_hi"), row.get("ip_lo"))}


def _incidents(count: int) -> str:
    return "1 incident" if count == 1 else f"{count} incidents"
