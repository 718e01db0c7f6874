"""What could not be read, as sentences."""

from dataclasses import dataclass, field
from typing import Final

EXCERPT: Final = 60
"""Characters of a value that a reason quotes."""


@dataclass(slots=True)
class Report:
    """What could not be read: number of the record, number of its update (-1: the record), reason."""

    lines: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, record: int, number: int, reason: str) -> None:
        """Note one thing that could not be read."""
        self.lines.append((record, number, reason))


def quote(value: object) -> str:
    """Return a value as people read it, shortened."""
    quoted = repr(value)
    return quoted if len(quoted) <= EXCERPT else f"{quoted[:EXCERPT]}..."
