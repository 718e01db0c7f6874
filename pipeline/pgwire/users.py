"""Who may ask in SQL: a file of names and SCRAM verifiers."""

import os
import stat
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from pipeline.pgwire.scram import Verifier, parse_verifier

_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def load_users(path: Path) -> dict[str, Verifier]:
    """Return the verifiers of the file at ``path`` by the user's name.

    A line has a name and a verifier as PostgreSQL stores it, with space between; empty lines and those that
    begin with ``#`` say nothing. Raises InputError for a file that others than its owner may read, that is
    not this user's or root's, or that holds anything else, naming the line and never what it holds.
    """
    try:
        with path.open(encoding="utf-8") as file:
            _check(path, os.fstat(file.fileno()))
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read as a file of users: {error}") from error
    users: dict[str, Verifier] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise InputError(f"{path}, line {number}: give a name and a verifier, with space between")
        name, text = words
        if name in users:
            raise InputError(f"{path}, line {number}: the user {name} is there twice: keep one line")
        try:
            users[name] = parse_verifier(text)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: this is no SCRAM verifier: {error}") from None
    if not users:
        raise InputError(f"{path} names no user: add a line with a name and a verifier")
    return users


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is no file: name a file of users")
    if status.st_mode & _READABLE_BY_OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise InputError(f"{path} has mode {mode:04o}, others may read the verifiers: chmod 600 {path}")
    if status.st_uid not in {0, os.geteuid()}:
        raise InputError(f"{path} belongs to another user (id {status.st_uid}): chown it")
