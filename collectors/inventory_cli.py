"""Commands on inventories: what one means, and how to get one from another system's data."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from collectors.errors import FabricscopeError, InputError
from collectors.inventory import Target
from collectors.inventory_file import parse_inventory, read_inventory
from collectors.inventory_import.csv_file import read_csv
from collectors.inventory_import.devices import Choices, Device, choice, entries_of
from collectors.inventory_import.netbox import active, devices_of, read_netbox
from collectors.inventory_yaml import values
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.writing import inventory_text

app = typer.Typer(no_args_is_help=True, help="The targets: check an inventory, or make one from other data.")

_WIDE: Final = 1000


@app.command()
def check(
    *,
    file: Annotated[
        Path, typer.Argument(envvar="FABRICSCOPE_INVENTORY", help="The inventory, YAML.", show_default=False)
    ],
    as_json: Annotated[
        bool, typer.Option("--json", envvar="FABRICSCOPE_JSON", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Show what an inventory means: each target with what it has from its groups and the defaults.

    Exit code 0: it is fine; 2: it has mistakes, all of which are told with their lines.
    """
    targets = list(read_inventory(file).targets.values())
    if as_json:
        json.dump([_as_json(target) for target in targets], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    rows = [_row(target) for target in targets]
    shown = [column for column in rows[0] if any(row[column] for row in rows)]
    table = Table()
    for column in shown:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(row[column] or "") for column in shown))
    # a table in a file or a pipe is read by programs too: one line for each target
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@app.command("import")
def import_(
    *,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", envvar="FABRICSCOPE_CSV", help="CSV, columns named in the first row."),
    ] = None,
    netbox: Annotated[
        Path | None,
        typer.Option("--netbox", envvar="FABRICSCOPE_NETBOX", help="JSON of /api/dcim/devices/?limit=0."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            envvar="FABRICSCOPE_PROFILE", metavar="[PLATFORM=]PROFILE", help="For all, or by platform."
        ),
    ] = None,
    fabric: Annotated[
        list[str] | None,
        typer.Option(envvar="FABRICSCOPE_FABRIC", metavar="[SITE=]FABRIC", help="For all, or by site."),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            envvar="FABRICSCOPE_ROLE", metavar="ROLE=ROLE", help="What a role of the source is called here."
        ),
    ] = None,
    custom_field: Annotated[
        list[str] | None,
        typer.Option(
            envvar="FABRICSCOPE_CUSTOM_FIELD", help="A custom field of NetBox that becomes a label."
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_USERNAME", help="For all: a name, env:NAME or file:PATH."),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_PASSWORD", help="For all, by reference: env:NAME or file:PATH."),
    ] = None,
    tls_ca: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_TLS_CA", help="For all: authorities, relative to the output."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_OUTPUT",
            help="The inventory to write; one that says the same is left alone.",
            show_default="the terminal",
        ),
    ] = None,
) -> None:
    """Make an inventory from a CSV file or from NetBox. The same input always gives the same file.

    Exit code 0: written; 1: could not be written; 2: the input has mistakes, all of which are told.
    """
    choices = Choices(
        profile=choice(profile or (), "--profile"),
        fabric=choice(fabric or (), "--fabric"),
        role=choice(role or (), "--role"),
    )
    source = csv or netbox
    if source is None or (csv and netbox):
        raise InputError("name one source: --csv FILE or --netbox FILE")
    mistakes = Mistakes(str(source))
    if csv:
        devices: Sequence[Device] = list(read_csv(_text(source), str(source), mistakes))
    else:
        found, others = active(read_netbox(_text(source), str(source)))
        devices = list(devices_of(found, custom_field or ()))
        for status, number in sorted(others.items()):
            typer.secho(f"left out: {number} with status {values.shown(status)}", err=True)
    entries = entries_of(devices, choices, mistakes)
    mistakes.raise_if_any()
    defaults = _defaults(username, password, tls_ca)
    comment = (
        f"Made by fabricscope inventory import from {values.shown(source.name)}: made anew, edits are lost."
    )
    text = inventory_text(entries, defaults, comment)
    base = (output or Path("-")).absolute().parent
    parse_inventory(text, file="the inventory that follows", base=base)
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text)


def _defaults(username: str | None, password: str | None, ca: str | None) -> dict[str, dict[str, str]]:
    if (username is None) != (password is None):
        raise InputError("--username and --password go together")
    defaults: dict[str, dict[str, str]] = {}
    try:
        if username is not None and password is not None:
            defaults["credentials"] = {
                "username": values.username(username),
                "password": values.password(password),
            }
        if ca is not None:
            defaults["tls"] = {"ca": values.path(ca)}
    except ValueError as error:
        raise InputError(str(error)) from error
    return defaults


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: save it in that encoding") from error


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, and only if it changes: a collector may be watching it."""
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise FabricscopeError(f"can't write {path}: {error}") from error


def _row(target: Target) -> dict[str, str | None]:
    return {
        "target": target.name,
        "address": target.endpoint,
        "profile": target.profile,
        "fabric": target.fabric,
        "role": target.role,
        "site": target.site,
        "rack": target.rack,
        "labels": " ".join(f"{name}={text}" for name, text in sorted(target.labels.items())),
        "user": None if target.credentials is None else target.credentials.username,
        "trusts": _tls_words(target),
    }


def _tls_words(target: Target) -> str:
    if target.tls is None:
        return "insecure: anybody"
    words = ["system's authorities" if target.tls.ca is None else str(target.tls.ca)]
    if target.tls.certificate is not None:
        words.append("client certificate")
    if target.tls.server_name is not None:
        words.append(f"as {target.tls.server_name}")
    return ", ".join(words)


def _as_json(target: Target) -> dict[str, object]:
    return {key: _plain(value) for key, value in asdict(target).items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, Path) else value
