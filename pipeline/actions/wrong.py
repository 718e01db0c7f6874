"""What is wrong with an action, said in a sentence."""

from collections.abc import Collection, Mapping
from reprlib import Repr
from typing import Any, Final

EXCERPT: Final = 60
"""Characters of a value that a sentence quotes."""
_NAMED: Final = 5
"""Members that nobody knows, of which a sentence names each."""
_REPR: Final = Repr()  # one that is nested without end, or enormous, is neither walked nor written out
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother = 2, 2 * EXCERPT, 2 * EXCERPT


class ActionError(ValueError):
    """An action that is not what the contract says; the message is for the dead letters and for people."""


def mapping(value: object, what: str) -> Mapping[str, Any]:  # Any: JSON
    """Return a JSON object; raises ActionError for anything else."""
    if not isinstance(value, dict):
        raise ActionError(f"{what} is a JSON object, not {quoted(value)}")
    return value


def members(given: Mapping[str, Any], needed: Collection[str], allowed: Collection[str], what: str) -> None:
    """Raise ActionError unless an object has all members that are needed, and none that is not allowed."""
    if missing := [name for name in needed if given.get(name) is None]:
        raise ActionError(f"{what} lacks {', '.join(missing)}")
    if unknown := sorted(given.keys() - {*needed, *allowed}):
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        raise ActionError(f"{what} has no member {', '.join(map(quoted, unknown[:_NAMED]))}{more}")


def text_of(given: Mapping[str, Any], name: str, longest: int, *, lines: bool = True) -> str:
    """Return a text that is not blank; with ``lines`` it may have several."""
    value = given[name]
    if not isinstance(value, str) or not value.strip():
        raise ActionError(f"{name} is a text, not {quoted(value)}")
    if len(value) > longest:
        raise ActionError(f"{name} has {len(value)} characters, {longest} at most")
    if not lines and not value.isprintable():
        raise ActionError(f"{name} has a character that can't be printed: {quoted(value)}")
    return value


def quoted(value: object) -> str:
    """Return a value as people read it, shortened."""
    text = _REPR.repr(value)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}..."
