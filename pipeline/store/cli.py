"""The commands ``store check``, ``compact``, ``export``, ``import`` and ``migrate``."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from collectors.errors import FabricscopeError, InputError
from pipeline.store import checks, copying
from pipeline.store.migrations import SCHEMA_VERSION
from pipeline.store.opening import connect, version_at
from sql import statements

app = typer.Typer(no_args_is_help=True, help="Look after a store: a file that no replica has open.")

StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="A store.", dir_okay=False)]


@app.command()
def check(
    store: StorePath,
    *,
    archive: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_ARCHIVE",
            file_okay=False,
            metavar="DIR",
            help="Look for what the store let go of, too.",
        ),
    ] = None,
) -> None:
    """Read all of a store, and say what is wrong with it.

    Its structure, positions, facts that are there twice, intervals that overlap, blocks that are torn.
    Exit code 0: sound; 1: something is wrong, or another process has it; 2: no store, or it can't be read;
    3: of another version.
    """
    _require_store(store)
    with _progress(f"checking {store.name}") as (progress, counts):
        wrong = checks.check(store, progress, archive)
    typer.echo(f"{store}: {sum(counts.values())} rows in {len(counts)} tables")
    if wrong:
        raise FabricscopeError(f"{store} is not sound:\n" + "\n".join(f"- {sentence}" for sentence in wrong))
    typer.echo("sound")


@app.command()
def compact(store: StorePath) -> None:
    """Write a store anew without the room that archived rows have left.

    Needs as much free room as the store has. Ended at any moment, there is the old one or the new one.
    Exit code 0: done; 1: no room, or another process has it; 2: no store; 3: of another version.
    """
    _require_store(store)
    with _progress(f"compacting {store.name}") as (progress, _):
        before, after = copying.compact(store, progress)
    typer.echo(f"{store}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now")


@app.command()
def export(
    store: StorePath,
    seed: Annotated[Path, typer.Argument(metavar="SEED", help="The new file.", dir_okay=False)],
) -> None:
    """Write a store to a seed, from which another replica can start.

    Exit code 0: done; 1: no room, or another process has it; 2: no store, or the seed is there; 3: of another
    version.
    """
    _require_store(store)
    with _progress(f"exporting {store.name}") as (progress, counts):
        size = copying.export(store, seed, progress)
    typer.echo(f"{seed}: {sum(counts.values())} rows, {size / 1e6:.1f} MB")


@app.command(name="import")
def import_(
    seed: Annotated[Path, typer.Argument(metavar="SEED", help="What export wrote.", dir_okay=False)],
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The new store.", dir_okay=False)],
) -> None:
    """Make a new store of a seed: fabricscope run goes on from its position in the topic.

    Exit code 0: done; 1: no room, or it is not sound; 2: no seed, or the store is there; 3: of a version that
    can't be brought forward.
    """
    with _progress(f"importing {seed.name}") as (progress, counts):
        copying.take(seed, store, lambda copy: checks.require_sound(copy, progress))
    typer.echo(f"{store}: {sum(counts.values())} rows")


@app.command()
def migrate(store: StorePath) -> None:
    """Bring a store's tables to the version of this release, as fabricscope run would; there is no way back.

    Exit code 0: done; 1: no room, or another process has it; 2: no store; 3: of a newer version, or too old.
    """
    _require_store(store)
    before = version_at(store)
    with closing(connect(store)):
        pass
    if before == SCHEMA_VERSION:
        typer.echo(f"{store} has tables of version {SCHEMA_VERSION} already")
    else:
        typer.echo(f"{store}: tables of version {before} are of version {SCHEMA_VERSION} now")


def _require_store(path: Path) -> None:
    """Raise InputError where there is nothing: opening it would make one."""
    if not path.exists():
        raise InputError(f"there is no store {path}")


@contextmanager
def _progress(task: str) -> Iterator[tuple[checks.Progress, dict[str, int]]]:
    """Give what is to be told of each table, and the numbers of rows it was told."""
    counts: dict[str, int] = {}
    tables = sum("CREATE TABLE" in statement for statement in statements("ddl"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("tables"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        number = bar.add_task(task, total=tables)

        def told(table: str, rows: int) -> None:
            counts[table] = rows
            bar.advance(number)

        yield told, counts
