"""Asking, and showing the answer: in words, as a table, or for programs."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import typer
from rich.console import Console

from pipeline.desk.options import clock
from pipeline.forensics import printed
from pipeline.forensics.answers import Answer, Asking
from pipeline.forensics.options import Where, opened

_LINES: Final = 1000
"""Columns of a table where there is no terminal."""


@dataclass(frozen=True)
class Form:
    """How an answer is printed."""

    json: bool
    csv: bool
    sql: bool
    zone: tzinfo


def tell(where: Where, form: Form, ask: Callable[[Asking], Answer]) -> None:
    """Ask the store that is named, and print the answer, or no more than the query."""
    with opened(where) as source:
        now, as_of = source.now(clock())
        answer = ask(Asking(source, now, form.zone, query_only=form.sql))
    if form.sql:
        typer.echo(f"{answer.query.spelled()};")
    else:
        show(answer, as_of, form)


def show(answer: Answer, as_of: str | None, form: Form) -> None:
    """Print an answer: in words, then what is missing, then as a table; or for programs."""
    rows = answer.rows
    if form.json:
        parts = {"answer": list(answer.lines), **answer.parts, "as_of": as_of}
        typer.echo(printed.as_json({**parts, "rows": rows.to_dicts()}, form.zone))
        return
    if form.csv:
        sys.stdout.write(printed.as_csv(rows, form.zone))
        if not rows.height:
            typer.echo("\n".join(answer.lines), err=True)
        return
    console = Console(width=None if sys.stdout.isatty() else _LINES, highlight=False, markup=False)
    for line in (*answer.lines, answer.complete, *filter(None, (as_of,))):
        console.print(line, soft_wrap=True)
    if rows.height:
        console.print()
        console.print(printed.table(rows, form.zone))
