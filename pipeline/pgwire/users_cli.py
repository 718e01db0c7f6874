"""Commands that keep the file of SQL users. Passwords are read from a prompt or a file and never shown."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from collectors.errors import FabricscopeError, InputError
from collectors.records import topic_of
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.users import User, load_users

app = typer.Typer(no_args_is_help=True, help="Keep the file of those who may ask in SQL.")

SHORTEST: Final = 8
"""Characters of a password."""
_LONGEST_NAME: Final = 63

Users = Annotated[
    Path,
    typer.Option("--users", envvar="FABRICSCOPE_USERS", help="The file, made when missing."),
]
Name = Annotated[str, typer.Argument(help="The user's name.")]


@app.command()
def add(
    name: Name,
    *,
    users: Users,
    fabric: Annotated[
        list[str] | None,
        typer.Option(
            envvar="FABRICSCOPE_FABRIC",
            help="May see these fabrics alone; may be given several times. Without it: all.",
        ),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_PASSWORD_FILE",
            exists=True,
            dir_okay=False,
            help="File with the password; without it, it is asked for.",
        ),
    ] = None,
) -> None:
    """Add a user, or give one another password and other fabrics. A running server knows it at once.

    Exit code 0: done; 1: failed; 2: bad input or usage.
    """
    _check_name(name)
    known = _known(users)
    for one in fabric or []:
        try:
            topic_of(one)
        except ValueError as error:
            raise InputError(str(error)) from error
    verifier = make_verifier(_password(name, password_file), secrets.token_bytes(16))
    before = name in known
    known[name] = User(verifier, None if not fabric else tuple(sorted(set(fabric))))
    _write(users, known)
    typer.echo(f"{'changed' if before else 'added'} {name}")


@app.command()
def remove(name: Name, *, users: Users) -> None:
    """Remove a user. Sessions that are open stay; the last user can't be removed.

    Exit code 0: done; 1: failed; 2: bad input or usage.
    """
    known = load_users(users)
    if name not in known:
        raise InputError(f"{users} has no user {name}: it has {', '.join(sorted(known))}")
    if len(known) == 1:
        raise InputError(f"{name} is the last user: serve no SQL instead, without --pg-listen")
    del known[name]
    _write(users, known)
    typer.echo(f"removed {name}")


@app.command("list")
def list_users(*, users: Users) -> None:
    """List the users and the fabrics they may see.

    Exit code 0: done; 2: bad input or usage.
    """
    table = Table("user", "fabrics")
    for name, user in sorted(load_users(users).items()):
        table.add_row(escape(name), "all" if user.fabrics is None else escape(", ".join(user.fabrics)))
    Console().print(table)


def _known(path: Path) -> dict[str, User]:
    return load_users(path) if path.exists() and path.stat().st_size else {}


def _check_name(name: str) -> None:
    if not name.isprintable() or not name or len(name.split()) != 1 or len(name.encode()) > _LONGEST_NAME:
        raise InputError(f"a user's name is one word of {_LONGEST_NAME} bytes at most, not {name!r}")
    if name.startswith("#"):
        raise InputError("a user's name can't begin with #: that is a comment in the file")


def _password(name: str, file: Path | None) -> str:
    if file is None:
        password: str = typer.prompt(
            f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        try:
            password = file.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file} can't be read as a password: {error}") from error
    if len(password) < SHORTEST:
        raise InputError(f"the password has {len(password)} characters, the fewest are {SHORTEST}")
    return password


def _write(path: Path, users: dict[str, User]) -> None:
    """Replace the file as a whole, readable by its owner alone from the beginning on."""
    lines = ["# who may ask in SQL: kept by fabricscope sql-user\n"]
    lines += [f"{name} {user}\n" for name, user in sorted(users.items())]
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FabricscopeError(f"can't write {path}: {error.strerror}") from error
