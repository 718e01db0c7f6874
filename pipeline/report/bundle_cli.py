"""The command ``bundle``: evidence to take along."""

import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import duckdb
import polars as pl
import polars.selectors as cs
import typer

from collectors.errors import FabricscopeError, InputError
from pipeline.forensics.options import Archive, StoreOrNone, Where, opened
from pipeline.forensics.questions import Span
from pipeline.forensics.times import zone_of
from pipeline.report.asked import Asked
from pipeline.report.bundle import Content, fill
from pipeline.report.cli import Fabric, Incident, Since, Until, Zone, said_of
from pipeline.report.compose import of_incident, of_time
from pipeline.report.model import Report
from pipeline.report.packed import pack
from pipeline.report.pseudonyms import KEY_BYTES, Pseudonyms
from pipeline.report.wanted import Wanted, composed, setting_of

app = typer.Typer(no_args_is_help=True)
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


class _Opened:
    """Questions to a bundle."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, query: str) -> pl.DataFrame:
        """Return the answer, times in UTC."""
        found: pl.DataFrame = self._connection.sql(query).pl()  # fetchall would need pytz for times
        return found.with_columns(cs.datetime().dt.convert_time_zone("UTC"))


@app.command()
def bundle(
    *,
    incident: Incident = None,
    store: StoreOrNone = None,
    since: Since = None,
    until: Until = None,
    fabric: Fabric = None,
    archive: Archive = None,
    output: Annotated[
        Path,
        typer.Option(
            envvar="FABRICSCOPE_OUTPUT", help="A file that ends in .zip, or a folder; must not be there yet."
        ),
    ],
    pseudonymise: Annotated[
        bool,
        typer.Option(
            "--pseudonymise", envvar="FABRICSCOPE_PSEUDONYMISE", help="Give other addresses and names."
        ),
    ] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_KEY_FILE",
            help="With --pseudonymise: 64 hexadecimal digits, for the same names in several bundles. Made"
            " with mode 0600 if it isn't there. Without, nobody has the key afterwards.",
        ),
    ] = None,
    zone: Zone = "UTC",
) -> None:
    """Put what the store knows of an incident or a time into files that plain DuckDB opens, with the report.

    Exit code 0: written; 1: the store can't be read or the bundle not be written; 2: bad input or usage, an
    unknown incident, or a time that the store doesn't know.
    """
    if key_file is not None and not pseudonymise:
        raise InputError("--key-file is for --pseudonymise")
    if output.exists():
        raise InputError(f"{output} is there already: name another, or remove it")
    wanted = Wanted(incident, since, until, fabric)
    named = Where(store, archive, None, None, None)
    with opened(named) as asked:
        setting = setting_of(asked, zone_of(zone))
        told = composed(asked, said_of(named), wanted, setting)
        chosen = Asked(asked).chosen(incident, said_of(named)).id if incident is not None else None
    content = Content(told, setting, Pseudonyms(_key(key_file)) if pseudonymise else None)

    def compose(connection: duckdb.DuckDBPyConnection, names: dict[str, str]) -> Report:
        asked = Asked(_Opened(connection))
        if chosen is not None:
            return of_incident(asked, asked.chosen(names.get(chosen, chosen), "the bundle"), setting)
        return of_time(asked, names.get(told.fabric, told.fabric), Span(told.since, told.until), setting)

    try:
        with _folder(output) as folder:
            made = fill(folder, named, content, compose)
    except (OSError, duckdb.IOException) as error:
        raise FabricscopeError(f"{output} can't be written: {' '.join(str(error).split())}") from error
    typer.echo(f"{made.title}: {output}")


@contextmanager
def _folder(output: Path) -> Iterator[Path]:
    """Give an empty folder that becomes the output once it is whole."""
    with tempfile.TemporaryDirectory(dir=output.absolute().parent, prefix=".bundle-") as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        yield folder
        if output.suffix.lower() == ".zip":
            pack(folder, Path(scratch) / "bundle.zip")
            folder = Path(scratch) / "bundle.zip"
        shutil.move(folder, output)


def _key(path: Path | None) -> bytes:
    """Return the key in a file, a new one if there is none; raises InputError for a file that has none."""
    if path is None:
        return secrets.token_bytes(KEY_BYTES)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"{secrets.token_hex(KEY_BYTES)}\n", "utf-8")
    try:
        text = path.read_text("utf-8").strip().lower()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read as a key") from error
    if not _KEY.fullmatch(text):
        raise InputError(f"{path} is no key: it must have {2 * KEY_BYTES} hexadecimal digits")
    return bytes.fromhex(text)
