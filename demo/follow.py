"""Files that grow by lines of JSON, read as they grow."""

import json
from pathlib import Path
from typing import Any

from collectors.errors import FabricscopeError


class Follower:
    """Reads what others append to a file; a line counts once its end is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> list[dict[str, Any]]:  # Any: JSON
        """Return the objects of the lines that came since the last call; of a file not there yet, none.

        Raises FabricscopeError for a line that is no JSON object.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                told = file.read()
        except FileNotFoundError:
            return []
        whole = told[: told.rfind(b"\n") + 1]
        self._read += len(whole)
        return [self._object(line) for line in whole.splitlines() if line.strip()]

    def _object(self, line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError as error:
            raise FabricscopeError(f"{self._path} has a line that is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise FabricscopeError(f"{self._path} has a line that is no JSON object: {line[:80]!r}")
        return found
