"""The command ``advise``: which thresholds a fabric's own history asks for."""

from datetime import datetime
from typing import Annotated, Any, Final

import polars as pl
import typer

from collectors.errors import InputError
from pipeline import settings_file
from pipeline.desk import options
from pipeline.detectors.settings import Settings
from pipeline.forensics import printed, telling
from pipeline.forensics.options import Archive, Fabrics, StoreOrNone, Where, Zone, opened
from pipeline.forensics.source import Source
from pipeline.forensics.times import said, zone_of
from pipeline.safe_text import clean
from pipeline.schema import TIME, Columns
from pipeline.whatif import backtest, history
from pipeline.whatif.advice import Limits, Proposal, Spell, proposed, vnis_of
from pipeline.whatif.cli import SettingsFile, Since, Until, Vni, progress, show, vni_number
from pipeline.whatif.compare import Pair, within
from pipeline.whatif.fragment import text_of, with_proposals
from pipeline.whatif.reading import fabrics_of, span_of

app = typer.Typer(no_args_is_help=True)
_EVIDENCE: Final[Columns] = {
    "fabric": pl.String,
    "vni": pl.Int64,
    "mac": pl.String,
    "fired_at": TIME,
    "kind": pl.String,
    "moves": pl.Int64,
    "told_then": pl.Boolean,
    "incident_id": pl.String,
}
"""One row per time in which M2 told of a MAC; moves: the most within the window that holds now."""


@app.command(context_settings={"ignore_unknown_options": True})  # -30d is a time
def advise(
    *,
    store: StoreOrNone = None,
    archive: Archive = None,
    vni: Vni = None,
    since: Since = None,
    until: Until = None,
    settings: SettingsFile = None,
    fabric: Fabrics = None,
    zone: Zone = "UTC",
    fragment: Annotated[
        bool,
        typer.Option("--yaml", envvar="FABRICSCOPE_YAML", help="Print the part for --settings alone."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Propose N and M of M2 for each VNI, so that migrations page nobody and nothing else is missed.

    Counted by the rules that run live; what is proposed is tried on all of the past before it is shown.
    Exit code 0: told; 1: the store can't be read or its beginning is gone; 2: bad input or usage.
    """
    if as_json and fragment:
        raise InputError("give either --json or --yaml")
    where = zone_of(zone)
    number = None if vni is None else vni_number(vni)
    with opened(Where(store, archive, None, None, fabric)) as asked:
        names = fabrics_of(asked)
        now, as_of = asked.now(options.clock())
        span = span_of(since, until, now=now, zone=where, reach=asked.reach())
        today = {} if settings is None else settings_file.read(settings, names)
        lines = [f"{said(span[0], where)} to {said(span[1], where)}, M2 and M3 by VNI"]
        evidence = [pl.DataFrame(schema=_EVIDENCE)]
        proposals: dict[str, list[Proposal]] = {}
        for name in names:
            told, rows, proposals[name] = _of_fabric(asked, name, number, span, today.get(name, Settings()))
            lines += told
            evidence.append(rows)
        text = text_of(proposals)
        coverage = asked.completeness(*span)
    lines += [telling.completeness(None, coverage), *filter(None, (as_of,))]
    table = pl.concat(evidence)
    if fragment:
        typer.echo(text, nl=False)
    elif as_json:
        plain = [_plain(name, one) for name, found in proposals.items() for one in found]
        times = {"from": span[0], "to": span[1], "as_of": as_of}
        answer: dict[str, Any] = {"answer": lines, **times}  # Any: JSON
        parts = {"proposals": plain, "settings": text, "evidence": table.to_dicts(), "coverage": coverage}
        typer.echo(printed.as_json({**answer, **parts}, where))
    else:
        show(lines, [table], where)
        if text:
            typer.echo(f"\nFor the file given with --settings:\n\n{text}", nl=False)


def _of_fabric(
    asked: Source, name: str, vni: int | None, span: tuple[datetime, datetime], held: Settings
) -> tuple[list[str], pl.DataFrame, list[Proposal]]:
    """Return what is said of a fabric, the evidence (_EVIDENCE), and what is proposed."""
    with progress(f"{name}: counting") as reached:
        spells = history.spells_in(asked, name, held, span, reached)
    by_vni = {one: mine for one, mine in vnis_of(spells).items() if vni is None or one == vni}
    found = [proposed(one, mine, history.limits_of(held, one)) for one, mine in by_vni.items()]
    pairs: list[Pair] = []
    if any(one.then is not None for one in found):
        with progress(f"{name}: trying") as reached:
            tried = held, with_proposals(held, found)
            pairs = within(backtest.run(asked, name, "M2", tried, reached).pairs, *span)
    quiet = {pair.now["incident_id"] for pair in pairs if pair.verdict == "only now" and pair.now is not None}
    shown = [spell for mine in by_vni.values() for spell in mine]
    lines = [f"{clean(name)}: {_said(one, by_vni[one.vni], quiet)}" for one in found]
    if not found:
        which = "" if vni is None else f" in VNI {vni}"
        lines = [f"{clean(name)}: M2 told of nothing{which}: there is nothing to propose"]
    rows = [
        {
            "fabric": name,
            "vni": spell.vni,
            "mac": spell.mac,
            "fired_at": spell.fired_at,
            "kind": spell.kind,
            "moves": spell.counts.get(history.limits_of(held, spell.vni).window_s, 0),
            "told_then": spell.incident_id not in quiet,
            "incident_id": spell.incident_id,
        }
        for spell in shown
    ]
    return lines, pl.DataFrame(rows, schema=_EVIDENCE), found


def _said(one: Proposal, spells: list[Spell], quiet: set[str]) -> str:
    """Return what is proposed for a VNI, why, and what came of it when it was tried."""
    unwanted = [spell for spell in spells if spell.unwanted]
    unclear = sum(spell.kind == "unclear" for spell in spells)
    seen = f"Of {len(spells)} that M2 told, nobody has to be told of {len(unwanted)}"
    if unclear:
        seen += f", and {unclear} may be anything: mark what was none with fabricscope incident mark-false"
    if one.then is None:
        return f"VNI {one.vni}: leave {_limits(one.now)}; {one.why}. {seen}"
    silent = sum(spell.incident_id in quiet for spell in unwanted)
    missed = sum(spell.incident_id in quiet for spell in spells if not spell.unwanted)
    return (
        f"VNI {one.vni}: {_limits(one.then)} instead of {_limits(one.now)}; {one.why}. {seen}."
        f" Tried on all of it: {silent} of {len(unwanted)} would have been quiet, {missed} of"
        f" {len(spells) - len(unwanted)} others missed"
    )


def _limits(one: Limits) -> str:
    return f"N = {one.moves:g} within M = {one.window_s:g} s (flaps from {one.flap_moves:g} on)"


def _plain(fabric: str, one: Proposal) -> dict[str, Any]:  # Any: JSON
    then = None if one.then is None else vars(one.then)
    return {"fabric": fabric, "vni": one.vni, "now": vars(one.now), "then": then, "why": one.why}
