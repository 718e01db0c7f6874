"""The commands ``forensics`` and ``diff``: what was, and what changed, from a store that nobody has open."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer
from rich.console import Console

from collectors.errors import InputError
from pipeline.desk import options
from pipeline.desk.source import time_of
from pipeline.forensics import printed, telling
from pipeline.forensics.questions import KINDS, Span, difference, history, subject_of
from pipeline.forensics.source import Source, source
from pipeline.forensics.times import check_reach, moment, period, said, zone_of

app = typer.Typer(no_args_is_help=True)
_LINES: Final = 1000
"""Columns of a table where there is no terminal."""

Store = Annotated[
    Path,
    typer.Option(envvar="FABRICSCOPE_STORE", help="The store to read; no replica may have it open."),
]
Zone = Annotated[
    str,
    typer.Option(envvar="FABRICSCOPE_ZONE", help="The zone of times that name none: UTC, Europe/Berlin, ..."),
]
AsCsv = Annotated[bool, typer.Option("--csv", envvar="FABRICSCOPE_CSV", help="Print the table as CSV.")]
AsSql = Annotated[bool, typer.Option("--sql", envvar="FABRICSCOPE_SQL", help="Print the query; ask nothing.")]


@dataclass(frozen=True)
class Form:
    """How an answer is printed."""

    json: bool
    csv: bool
    sql: bool
    zone: tzinfo


@app.command()
def forensics(
    *,
    kind: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="What to ask about.")],
    subject: Annotated[str, typer.Argument(help="Its address, name or number.")],
    store: Store,
    at: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_AT",
            metavar="TIME",
            help="Then: 03:12, 'yesterday 14:00', -15m, ISO.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", envvar="FABRICSCOPE_FROM", metavar="TIME", help="From then on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", envvar="FABRICSCOPE_TO", metavar="TIME", help="Up to then.")
    ] = None,
    zone: Zone = "UTC",
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Say what became of a MAC, an IP address, a VTEP, an Ethernet segment, a device or a VNI.

    Without a time: all that is known. Exit code 0: told; 1: the store can't be read; 2: bad input or usage,
    an unknown subject, or a time that the store doesn't know.
    """
    form = Form(as_json, as_csv, as_sql, zone_of(zone))
    wanted = subject_of(kind, subject)
    if at is not None and (since is not None or until is not None):
        raise InputError("give either --at, or --from and --to")
    with source(store) as asked:
        asked.check_known(kind, wanted)
        now, as_of = _now(store, asked)
        span = _span(asked, (at, since, until), now, form.zone)
        query = history(kind, wanted, span)
        if form.sql:
            typer.echo(f"{query};")
            return
        rows = asked.rows(query)
        if rows.height or span is None:
            lines = telling.sentences(kind, wanted, rows.to_dicts(), span, form.zone)
            lines = lines or [f"{kind} {wanted}: nothing ever changed"]
        else:
            every = asked.rows(history(kind, wanted, None)).to_dicts()
            lines = [telling.nothing(kind, wanted, span, every, form.zone)]
        told = _coverage(asked, span)
        _print(lines, telling.completeness(kind, told), rows, _parts(told, span, as_of), form)


@app.command(context_settings={"ignore_unknown_options": True})  # -15m is a time
def diff(
    *,
    first: Annotated[str, typer.Argument(metavar="T1", help="The earlier time.")],
    second: Annotated[str, typer.Argument(metavar="T2", help="The later time.")],
    store: Store,
    zone: Zone = "UTC",
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
    as_sql: AsSql = False,
) -> None:
    """Show what differs in the fabrics between two times: added, removed, changed, with before and after.

    Exit code 0: shown; 1: the store can't be read; 2: bad input or usage, or a time that the store doesn't
    know.
    """
    form = Form(as_json, as_csv, as_sql, zone_of(zone))
    with source(store) as asked:
        now, as_of = _now(store, asked)
        span = Span(*period(first, second, now=now, zone=form.zone, reach=asked.reach()))
        query = difference(span)
        if form.sql:
            typer.echo(f"{query};")
            return
        rows = asked.rows(query)
        lines = telling.sentences("diff", "", rows.to_dicts(), None, form.zone)
        times = f"{said(span.since, form.zone)} and {said(span.until, form.zone)}"
        lines = lines or [f"nothing differs between {times}"]
        told = _coverage(asked, span)
        _print(lines, telling.completeness(None, told), rows, _parts(told, span, as_of), form)


def _span(
    asked: Source, given: tuple[str | None, str | None, str | None], now: datetime, zone: tzinfo
) -> Span | None:
    at, since, until = given
    reach = asked.reach()
    if at is not None:
        when = moment(at, now=now, zone=zone)
        check_reach(at, when, now=now, zone=zone, reach=reach)
        return Span(when, when)
    if since is None and until is None:
        return None
    first = since if since is not None else reach.first.isoformat()
    last = until if until is not None else reach.last.isoformat()
    return Span(*period(first, last, now=now, zone=zone, reach=reach))


def _now(store: Path, asked: Source) -> tuple[datetime, str | None]:
    """Return the now that times are counted from: that of the store, if it is one of the past."""
    now, as_of = time_of(store, frozenset(), options.clock())
    return max(now, asked.reach().last), as_of  # a collector's clock may be ahead of this machine's


def _coverage(asked: Source, span: Span | None) -> list[dict[str, Any]]:  # Any: columns of coverage
    reach = asked.reach()
    return asked.completeness(span.since, span.until) if span else asked.completeness(reach.first, reach.last)


def _parts(told: list[dict[str, Any]], span: Span | None, as_of: str | None) -> dict[str, Any]:  # Any: JSON
    times = {"from": span.since, "to": span.until} if span is not None else {}
    return {**times, "as_of": as_of, "coverage": told}


def _print(
    lines: Sequence[str],
    complete: str,
    rows: pl.DataFrame,
    parts: dict[str, Any],  # Any: JSON
    form: Form,
) -> None:
    if form.json:
        typer.echo(printed.as_json({"answer": list(lines), **parts, "rows": rows.to_dicts()}, form.zone))
        return
    if form.csv:
        sys.stdout.write(printed.as_csv(rows, form.zone))
        if not rows.height:
            typer.echo("\n".join(lines), err=True)
        return
    console = Console(width=None if sys.stdout.isatty() else _LINES, highlight=False, markup=False)
    for line in (*lines, complete, *filter(None, (parts["as_of"],))):
        console.print(line, soft_wrap=True)
    if rows.height:
        console.print()
        console.print(printed.table(rows, form.zone))
