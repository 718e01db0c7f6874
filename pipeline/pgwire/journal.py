"""Which statements were running when the process died: beside the store, so that the next start knows.

One statement could otherwise end each replica in turn, as a dashboard asks again and again. What is noted is
a digest of the statement's shape, of its words without literals: a dashboard's next try has other times.
It is written where the page cache keeps it, which is enough for a process that dies, and free.
"""

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from collectors.errors import FabricscopeError
from pipeline.pgwire.refusal import CRASHED_BEFORE, RefusalError
from pipeline.pgwire.statements import tokens

REFUSED_SECONDS: Final = 600.0
"""For so long after the start, what was running when the process died is refused."""

_DIGEST: Final = 64
_FREE: Final = b" " * _DIGEST + b"\n"
_NOTED: Final = re.compile(r"(?P<digest>[0-9a-f]{64})(?: (?P<until>\d{1,12}))?")


def shape(statement: str) -> str:
    """Return the statement's words without literals, comments and space: what its repetitions share."""
    words = []
    for kind, start, end in tokens(statement):
        if kind in {"string", "escaped", "number"}:
            words.append("?")
        elif kind == "word":
            words.append(statement[start:end].lower())
        elif kind not in {"space", "comment"}:
            words.append(statement[start:end])
    return " ".join(words)


@dataclass(slots=True)
class Note:
    """Of a statement that runs; ``stays`` where it has ended and the process is going to, because of it."""

    stays: bool = False


class Journal:
    """The file. Statements are noted by threads, each in a place of its own."""

    def __init__(self, file: int, path: Path, refused: dict[str, float], clock: Callable[[], float]) -> None:
        self._file = file
        self._path = path
        self._refused = refused
        self._clock = clock
        self._lock = threading.Lock()
        lines = [f"{digest} {int(until)}\n".encode() for digest, until in refused.items()]
        os.truncate(file, 0)
        os.pwrite(file, b"".join(lines), 0)
        self._start = sum(map(len, lines))
        self._free: list[int] = []
        self._places = 0

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float]) -> Self:
        """Return the journal at ``path``; ``clock`` returns unix time. Raises FabricscopeError."""
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(os.dup(file), "rb") as reading:
                lines = reading.read().decode("ascii", "replace").splitlines()
        except OSError as error:
            raise FabricscopeError(f"can't write {path}: {error.strerror}") from error
        now = clock()
        refused: dict[str, float] = {}
        for line in lines:
            if found := _NOTED.fullmatch(line.strip()):
                until = float(found["until"] or now + REFUSED_SECONDS)
                if until > now:
                    refused[found["digest"]] = until
        return cls(file, path, refused, clock)

    @property
    def refused(self) -> int:
        """How many shapes of statements are refused."""
        return sum(until > self._clock() for until in self._refused.values())

    @contextmanager
    def running(self, statement: str) -> Iterator[Note]:
        """Note a statement while it runs; raises RefusalError if the process died of it, or beside it."""
        digest = hashlib.sha256(shape(statement).encode("utf-8", "replace")).hexdigest()
        if (until := self._refused.get(digest, 0.0)) > self._clock():
            raise RefusalError(
                CRASHED_BEFORE,
                "a statement like this was running when the server died: it is refused for another"
                f" {until - self._clock():.0f} s; ask for less, or in another way",
            )
        with self._lock:
            if self._free:
                place = self._free.pop()
            else:
                place, self._places = self._places, self._places + 1
        at = self._start + place * len(_FREE)
        os.pwrite(self._file, digest.encode() + b"\n", at)
        note = Note()
        try:
            yield note
        finally:
            if not note.stays:
                os.pwrite(self._file, _FREE, at)
                with self._lock:
                    self._free.append(place)

    def close(self) -> None:
        """Let go of the file: what it holds is read at the next start."""
        os.close(self._file)
