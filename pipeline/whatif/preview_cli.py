"""The command group ``preview``: what works will come to, before they begin."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Annotated, Any, Final

import polars as pl
import typer

from collectors.errors import InputError
from pipeline import settings_file
from pipeline.desk import options
from pipeline.desk.words import subject
from pipeline.detectors.settings import Settings
from pipeline.forensics import printed, telling
from pipeline.forensics.options import Archive, Fabrics, StoreOrNone, Where, Zone, opened
from pipeline.forensics.times import check_reach, moment, said, zone_of
from pipeline.safe_text import clean
from pipeline.schema import Columns
from pipeline.whatif import preview
from pipeline.whatif.cli import SettingsFile, progress, show
from pipeline.whatif.drain import Target
from pipeline.whatif.falls import Fall
from pipeline.whatif.preview import Preview
from pipeline.whatif.reading import fabrics_of
from pipeline.whatif.told import named
from pipeline.whatif.windows import Window, uncovered, windows_for

app = typer.Typer(no_args_is_help=True, help="What works will come to, before they begin.")
app.callback()(lambda: None)  # a group, though it has one command yet
_FALLS: Final[Columns] = {
    "kind": pl.String,
    "name": pl.String,
    "left": pl.Int64,
    "survivor": pl.String,
    "macs": pl.Int64,
    "tenant": pl.String,
}
_KINDS: Final = {"segment": "segment", "aggregate": "aggregate", "uplinks": "leaf", "VNI": "VNI"}
_LEFT: Final = ("left with no path", "left with one path", "with one path less")
_MOST: Final = 20
"""Sentences of one kind."""


@app.command()
def drain(
    *,
    device: Annotated[str, typer.Argument(help="The device that is taken out.")],
    store: StoreOrNone = None,
    archive: Archive = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(envvar="FABRICSCOPE_INTERFACE", help="Only this interface of it; also several."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            envvar="FABRICSCOPE_AT", metavar="TIME", help="As the fabric was then.", show_default="now"
        ),
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option("--from", envvar="FABRICSCOPE_FROM", metavar="TIME", help="When the works begin."),
    ] = None,
    lasting: Annotated[
        str, typer.Option("--for", envvar="FABRICSCOPE_FOR", metavar="DURATION", help="How long they last.")
    ] = "1h",
    settings: SettingsFile = None,
    fabric: Fabrics = None,
    zone: Zone = "UTC",
    as_json: options.AsJson = False,
) -> None:
    """Say what falls to one path, or to none, when a device or some of its interfaces are taken out.

    The rules that run live are shown the fabric without it. With it come the maintenance windows that cover
    what they would tell, and no more.
    Exit code 0: told; 1: the store can't be read or its beginning is gone; 2: bad input or usage.
    """
    where = zone_of(zone)
    options.duration(lasting, "--for")
    when = ["--for", lasting] if begins is None else ["--from", _start(begins), "--for", lasting]
    with opened(Where(store, archive, None, None, fabric)) as asked_of:
        names = fabrics_of(asked_of)
        now, as_of = asked_of.now(options.clock())
        reach = asked_of.reach()
        if len(names) > 1:
            raise InputError(f"the store has {', '.join(names)}: say which with --fabric")
        time = reach.last if at is None else moment(at, now=now, zone=where)
        check_reach(at or "now", time, now=now, zone=where, reach=reach)
        (name,) = names
        held = {} if settings is None else settings_file.read(settings, names)
        target = Target(device, frozenset(interface or ()))
        with progress(f"{name}: {target.words()}") as reached:
            seen = preview.run(asked_of, name, (target, time), held.get(name, Settings()), reached)
        windows = windows_for(target, seen.incidents)
        coverage = asked_of.completeness(time, time)
        lines = _sentences(target, seen, where)
        commands = [one.command(name, f"drain {target.words()}", when) for one in windows]
        missed = uncovered(windows, seen.incidents)
        if as_json:
            answer = _plain(lines, seen, windows, commands, missed)
            typer.echo(printed.as_json({**answer, "as_of": as_of, "coverage": coverage}, where))
            return
        rows = [
            [fall.kind, fall.name, fall.left, fall.survivor, fall.macs, fall.tenant] for fall in seen.falls
        ]
        table = pl.DataFrame(rows, schema=_FALLS, orient="row")
        lines += [telling.completeness(None, coverage), *filter(None, (as_of,))]
        show(lines, [table], where)
        typer.echo()
        show(_windows(windows, commands, missed, len(seen.incidents)), [], where)


def _sentences(target: Target, seen: Preview, zone: tzinfo) -> list[str]:
    if not seen.falls:
        lines = [f"Without {clean(target.words())} nothing loses a path, as of {said(seen.at, zone)}"]
    else:
        counts = Counter((_KINDS[fall.kind], _left(fall)) for fall in seen.falls)
        ordered = sorted(counts.items(), key=lambda one: (_LEFT.index(one[0][1]), one[0]))
        parts = [f"{_count(number, kind)} {left}" for (kind, left), number in ordered]
        tenants = sorted({fall.tenant for fall in seen.falls if fall.tenant})
        of = f"; tenants: {', '.join(map(clean, tenants))}" if tenants else ""
        lines = [f"Without {clean(target.words())}, as of {said(seen.at, zone)}: {', '.join(parts)}{of}"]
    for kind in dict.fromkeys(fall.kind for fall in seen.falls):
        mine = [fall for fall in seen.falls if fall.kind == kind]
        lines += [clean(fall.said) for fall in mine[:_MOST]]
        lines += [f"and {len(mine) - _MOST} more of this kind: see the table"] if len(mine) > _MOST else []
    if seen.before:
        lines.append(f"{_count(seen.before, 'incident')} open already: what is lost by them counts as lost")
    return lines


def _windows(
    windows: Sequence[Window], commands: Sequence[str], missed: Sequence[Any], incidents: int
) -> list[str]:
    """Return what is said of the windows; a command is a line of its own."""
    needed = _count(len(windows), "window")
    lines = [f"{_count(incidents, 'incident')} would be told. {needed} to cover that, and no more:"]
    lines += [f"  {one.scope.words()}" for one in windows]
    lines += ["", *commands]
    lines += [
        f"No window can be about {subject(named(row))} alone: {clean(row['summary'])}" for row in missed
    ]
    return lines


def _plain(
    lines: Sequence[str],
    seen: Preview,
    windows: Sequence[Window],
    commands: Sequence[str],
    missed: Sequence[Any],
) -> dict[str, Any]:  # Any: JSON
    told = [
        {
            "rule": row["rule"],
            "severity": row["severity"],
            "subject": subject(named(row)),
            "summary": row["summary"],
        }
        for row in seen.incidents
    ]
    return {
        "answer": list(lines),
        "at": seen.at,
        "falls": [vars(fall) for fall in seen.falls],
        "incidents": told,
        "windows": [
            {"id": one.name, "scope": one.scope.plain(), "command": command}
            for one, command in zip(windows, commands, strict=True)
        ],
        "not_covered": [subject(named(row)) for row in missed],
    }


def _left(fall: Fall) -> str:
    return _LEFT[2] if fall.left is None or fall.left > 1 else _LEFT[fall.left]


def _start(text: str) -> str:
    options.moment(text, "--from")
    return text


def _count(number: int, what: str) -> str:
    plural = "leaves" if what == "leaf" else f"{what}s"
    return f"1 {what}" if number == 1 else f"{number} {plural}"
