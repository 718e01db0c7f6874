"""How FETCH and MOVE are written."""

from typing import Final

from pipeline.pgwire.commands import Fetch
from pipeline.pgwire.words import Words

_ONE: Final = {
    "next": ("forward", 1),
    "prior": ("backward", 1),
    "first": ("absolute", 1),
    "last": ("absolute", -1),
    "all": ("forward", None),
}


def read_fetch(words: Words) -> Fetch:
    """Return what FETCH or MOVE says; raises RefusalError."""
    moves = words.next().lower() == "move"
    direction, count = _direction(words)
    words.accept("from") or words.accept("in")
    return Fetch(words.name(), direction, count, moves)


def _direction(words: Words) -> tuple[str, int | None]:  # noqa: PLR0911 - one per form
    found = words.keyword()
    if words.last:  # FETCH name
        return "forward", 1
    if found in _ONE:
        words.next()
        return _ONE[found]
    if found in {"absolute", "relative"}:
        words.next()
        return found, words.number()
    if found in {"forward", "backward"}:
        words.next()
        if words.accept("all"):
            return found, None
        return found, words.number() if words.counts else 1
    if words.counts:
        count = words.number()
        return ("forward", count) if count >= 0 else ("backward", -count)
    return "forward", 1
