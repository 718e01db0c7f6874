"""Mistakes of one file: collected while reading goes on, told all at once."""

from typing import Final

from collectors.errors import InputError

MAX_TOLD: Final = 200
"""Beyond this a file is wrong as a whole, and the first mistakes say why."""


class Mistakes:
    """What is wrong in one file, in order of its lines."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, sentence: str) -> None:
        """Note that something in ``line`` (from 1; 0: the file as a whole) is wrong."""
        self._found.append((line, sentence))

    def raise_if_any(self) -> None:
        """Raise InputError with one line per mistake, ``FILE:LINE: sentence``, unless there is none."""
        if not self._found:
            return
        found = sorted(dict.fromkeys(self._found))
        lines = [f"{self._file}:{line}: {text}" if line else f"{self._file}: {text}" for line, text in found]
        if len(lines) > MAX_TOLD:
            lines[MAX_TOLD:] = [f"{self._file}: and {len(lines) - MAX_TOLD} more mistakes like these"]
        raise InputError("\n".join(lines))
