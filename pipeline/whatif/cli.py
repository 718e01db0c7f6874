"""The command ``backtest``: what other thresholds would have told."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer
from rich.console import Console

from collectors.errors import InputError
from pipeline import settings_file
from pipeline.desk import options
from pipeline.detectors.settings import Settings
from pipeline.forensics import printed, telling
from pipeline.forensics.options import Archive, AsCsv, Fabrics, StoreOrNone, Where, Zone, opened
from pipeline.forensics.times import said, zone_of
from pipeline.settings_file import vni_of
from pipeline.whatif import asked, told
from pipeline.whatif import backtest as test
from pipeline.whatif.compare import per_day, within
from pipeline.whatif.driven import families_for
from pipeline.whatif.reading import fabrics_of, span_of

app = typer.Typer(no_args_is_help=True)
_LINES: Final = 1000
"""Columns of a table where there is no terminal."""

Since = Annotated[
    str | None, typer.Option("--from", envvar="FABRICSCOPE_FROM", metavar="TIME", help="From then on.")
]
Until = Annotated[
    str | None, typer.Option("--to", envvar="FABRICSCOPE_TO", metavar="TIME", help="Up to then.")
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings", envvar="FABRICSCOPE_SETTINGS", help="The thresholds that hold now, as run has them."
    ),
]
Vni = Annotated[str | None, typer.Option(envvar="FABRICSCOPE_VNI", metavar="VNI", help="Of this VNI only.")]


@app.command(context_settings={"ignore_unknown_options": True})  # -90d is a time
def backtest(
    *,
    rule: Annotated[
        str, typer.Option(envvar="FABRICSCOPE_RULE", metavar="RULE", help="Which rule: M2, say.")
    ],
    tried: Annotated[
        list[str],
        typer.Option(
            "--set",
            envvar="FABRICSCOPE_SET",
            metavar="NAME=VALUE",
            help="The threshold to try: moves=20, window=5s; several times for several.",
        ),
    ],
    store: StoreOrNone = None,
    archive: Archive = None,
    vni: Vni = None,
    since: Since = None,
    until: Until = None,
    settings: SettingsFile = None,
    fabric: Fabrics = None,
    zone: Zone = "UTC",
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Say what a rule would have told with other thresholds, beside what it told: how often, when, how long.

    The rules that run live are run again over all that the store has; observers were blind when they were.
    Exit code 0: told; 1: the store can't be read or its beginning is gone; 2: bad input or usage.
    """
    if as_json and as_csv:
        raise InputError("give either --json or --csv")
    where = zone_of(zone)
    families_for(rule)
    number = None if vni is None else vni_number(vni)
    asked.changes(rule, tried, number, Settings())  # what is wrong with it is said before a store is read
    with opened(Where(store, archive, None, None, fabric)) as asked_of:
        names = fabrics_of(asked_of)
        now, as_of = asked_of.now(options.clock())
        first, last = span_of(since, until, now=now, zone=where, reach=asked_of.reach())
        times = said(first, where), said(last, where)
        today = {} if settings is None else settings_file.read(settings, names)
        lines: list[str] = []
        tables, days = [pl.DataFrame(schema=told.TABLE)], [pl.DataFrame(schema=told.PER_DAY)]
        asked_for = {name: asked.changes(rule, tried, number, today.get(name, Settings())) for name in names}
        for name in names:
            held = today.get(name, Settings())
            wanted = asked.with_changes(held, asked_for[name], number)
            with progress(f"{name}: {rule}") as reached:
                outcome = test.run(asked_of, name, rule, (held, wanted), reached)
            shown = [
                pair
                for pair in within(outcome.pairs, first, last)
                if number is None or (pair.now or pair.then or {}).get("vni") == number
            ]
            counts = per_day(shown, where)
            lines.append(told.headline(name, asked_for[name], number, times))
            lines += told.sentences(rule, shown, counts, outcome, where)
            tables.append(told.table(name, shown, outcome.end))
            days.append(told.day_table(name, counts))
        coverage = asked_of.completeness(first, last)
        lines.append(telling.completeness(None, coverage))
        incidents, daily = pl.concat(tables), pl.concat(days)
        if as_json:
            parts = {"from": first, "to": last, "as_of": as_of, "coverage": coverage}
            answer = {"answer": lines, "rule": rule, "set": list(tried), "vni": number, **parts}
            rows = {"per_day": daily.to_dicts(), "incidents": incidents.to_dicts()}
            typer.echo(printed.as_json({**answer, **rows}, where))
        elif as_csv:
            sys.stdout.write(printed.as_csv(incidents, where))
            typer.echo("\n".join(lines), err=True)
        else:
            show(lines, [daily, incidents], where)


def show(lines: list[str], tables: list[pl.DataFrame], zone: tzinfo) -> None:
    """Print what is said, then the tables that have any rows."""
    console = Console(width=None if sys.stdout.isatty() else _LINES, highlight=False, markup=False)
    for line in lines:
        console.print(line, soft_wrap=True)
    for rows in tables:
        if rows.height:
            console.print()
            console.print(printed.table(rows, zone))


@contextmanager
def progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show on a terminal how far it is."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    done = 0
    with typer.progressbar(length=1000, label=what, file=sys.stderr) as bar:

        def reached(part: float) -> None:
            nonlocal done
            bar.update(round(part * 1000) - done)
            done = round(part * 1000)

        yield reached


def vni_number(text: str) -> int:
    """Return a VNI; raises InputError for what is none."""
    try:
        return vni_of(text)
    except ValueError as error:
        raise InputError(str(error)) from error
