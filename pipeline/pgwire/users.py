"""Who may ask in SQL: a file of names and SCRAM verifiers, some limited to fabrics."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from collectors.errors import InputError
from pipeline.pgwire.scram import Verifier, parse_verifier

log = structlog.get_logger(__name__)

_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_FABRICS: Final = "fabrics="


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may ask: what is stored of the password, and of which fabrics; None: of all."""

    verifier: Verifier
    fabrics: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """Return it as the file has it, behind the name."""
        limited = "" if self.fabrics is None else f" {_FABRICS}{','.join(self.fabrics)}"
        return f"{self.verifier}{limited}"


def load_users(path: Path) -> dict[str, User]:
    """Return the users of the file at ``path`` by name.

    A line has a name, a verifier as PostgreSQL stores it and, for a user who may not see all fabrics, those
    that are to be seen as ``fabrics=A,B``, with space between; empty lines and those that begin with ``#``
    say nothing. Raises InputError for a file that others than its owner may read, that is not this user's or
    root's, or that holds anything else, naming the line and never what it holds.
    """
    try:
        with path.open(encoding="utf-8") as file:
            _check(path, os.fstat(file.fileno()))
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read as a file of users: {error}") from error
    users: dict[str, User] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in {2, 3} or (len(words) == 3 and not words[2].startswith(_FABRICS)):
            raise InputError(
                f"{path}, line {number}: give a name and a verifier, with space between, and perhaps"
                " fabrics=A,B"
            )
        name, text = words[:2]
        if name in users:
            raise InputError(f"{path}, line {number}: the user {name} is there twice: keep one line")
        fabrics = None
        if len(words) == 3:
            fabrics = tuple(sorted({one for one in words[2].removeprefix(_FABRICS).split(",") if one}))
            if not fabrics:
                raise InputError(f"{path}, line {number}: name a fabric after fabrics=, or leave it out")
        try:
            users[name] = User(parse_verifier(text), fabrics)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: this is no SCRAM verifier: {error}") from None
    if not users:
        raise InputError(f"{path} names no user: add one with fabricscope sql-user add")
    return users


class UsersFile:
    """The users of a file as it is now: read again when it has changed."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises what ``load_users`` does."""
        self._path = path
        self._seen = self._state()
        self._users = load_users(path)

    def __call__(self) -> dict[str, User]:
        """Return the users; of a file that doesn't do any more, those it had when it did."""
        state = self._state()
        if state != self._seen:
            self._seen = state
            try:
                self._users = load_users(self._path)
            except InputError as error:
                log.warning("users stay as they were", reason=str(error))
        return self._users

    def _state(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is no file: name a file of users")
    if status.st_mode & _READABLE_BY_OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise InputError(f"{path} has mode {mode:04o}, others may read the verifiers: chmod 600 {path}")
    if status.st_uid not in {0, os.geteuid()}:
        raise InputError(f"{path} belongs to another user (id {status.st_uid}): chown it")
