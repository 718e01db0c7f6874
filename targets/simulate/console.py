"""Verbs typed while a fabric is played."""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator

import typer

from targets.simulated.verbs import VERBS, usage


async def commands_typed() -> AsyncIterator[list[str]]:
    """Yield the words of each line of standard input that has some, until it ends; answers ``help``."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        try:
            words = shlex.split(line.decode(errors="replace"), comments=True)
        except ValueError as error:
            typer.echo(f"error: this line can't be read: {error}", err=True)
            continue
        if words == ["help"]:
            for name, verb in VERBS.items():
                typer.echo(f"{usage(name):40} {verb.meaning}", err=True)
            typer.echo(f"{'quit':40} end", err=True)
        elif words:
            yield words
