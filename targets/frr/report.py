"""What came of reading a recording: for the person who wants to know whether to trust the result."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Report:
    """What came of polls and lines, by target."""

    good: Counter[str] = field(default_factory=Counter)
    """Polls with at least one answer; lines of a monitor that could be read."""
    partial: Counter[str] = field(default_factory=Counter)
    """Of those, polls with fewer answers than the fullest before."""
    failed: Counter[str] = field(default_factory=Counter)
    """Polls without any answer, lines that could not be read."""
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Target and sentence, for what was no answer."""
    families: dict[str, list[str]] = field(default_factory=dict)
    """Families heard of, by target."""
    records: int = 0
