"""gNMI paths as text, as elements and as patterns (openconfig/reference, gnmi-path-conventions).

A pattern is a path that may hold wildcards: ``*`` as a name or a key's value, a key left out, and ``...`` for
any number of elements.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

ANY = "*"
DEEP = "..."

_ELEMENT = re.compile(r"/([^/\[\]]+(?:\[[^=\[\]]+=(?:\\.|[^\]\\])*\])*)", re.DOTALL)
_KEY = re.compile(r"\[([^=\[\]]+)=((?:\\.|[^\]\\])*)\]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NO_PATH = "is no path: elements begin with / and keys look like [name=value]"


class Element(NamedTuple):
    """One element of a path; in a pattern, keys that may have any value are left out."""

    name: str
    keys: Mapping[str, str]
    text: str
    """As text, with the keys in alphabetical order: equal elements have equal texts."""


Pattern = tuple[Element, ...]
"""A path that stands for itself and all below it; hash and compare it by ``text_of``."""


def split(path: str) -> list[str]:
    """Return the texts of a path's elements; raises ValueError for text that is no path."""
    if path[:1] == "/" and "\\" not in path:
        return _plain_split(path)
    found: list[str] = _ELEMENT.findall(path)
    if sum(map(len, found)) + len(found) != len(path):
        raise ValueError(f"{path!r} {_NO_PATH}")
    return found


def _plain_split(path: str) -> list[str]:
    """Return the texts of a path's elements: quicker, for paths in which no bracket is escaped."""
    found = []
    begun = ""
    for piece in path[1:].split("/"):
        part = f"{begun}/{piece}" if begun else piece
        if "[" in part and part[-1] != "]":  # the value of a key holds a slash
            begun = part
            continue
        if not part:
            break
        begun = ""
        found.append(part)
    else:
        if not begun:
            return found
    raise ValueError(f"{path!r} {_NO_PATH}")


def parent(path: str) -> tuple[str, str]:
    """Return the path above the last element, and that element's text."""
    if path.endswith("]"):  # the value of a key may hold a slash
        texts = split(path)
        return path[: -len(texts[-1]) - 1], texts[-1]
    above, _, last = path.rpartition("/")
    return above, last


@lru_cache(maxsize=1 << 16)
def element(text: str) -> Element:
    """Return the element that ``text`` tells, keys in any order; raises ValueError for text that is none.

    It is remembered: for what stands in a tree, not for what clients say, see ``asked``.
    """
    return _read(text)


def _read(text: str) -> Element:
    if not _ELEMENT.fullmatch(f"/{text}"):
        raise ValueError(f"'/{text}' {_NO_PATH}")
    name, bracket, rest = text.partition("[")
    if not bracket:
        return Element(name, {}, text)
    return of(name, {key: _ESCAPED.sub(r"\1", value) for key, value in _KEY.findall(bracket + rest)})


def of(name: str, keys: Mapping[str, str]) -> Element:
    """Return the element with this name and these keys."""
    ordered = dict(sorted(keys.items()))
    quoted = (
        f"[{key}={value.replace(chr(92), chr(92) * 2).replace(']', chr(92) + ']')}]"
        for key, value in ordered.items()
    )
    return Element(name, ordered, name + "".join(quoted))


def elements(path: str) -> list[Element]:
    """Return the elements of a path in text."""
    return [element(text) for text in split(path)]


def asked(path: str) -> list[Element]:
    """Return the elements of a path that a client gave: nothing of it is kept."""
    return [_read(text) for text in split(path)]


def pattern(parts: Iterable[Element]) -> Pattern:
    """Return the pattern of what a client asked for, without what changes nothing.

    That is keys with any value, a ``...`` at the end, and a second one in a row.
    """
    kept: list[Element] = []
    for part in parts:
        if part.name != DEEP:
            kept.append(of(part.name, {key: value for key, value in part.keys.items() if value != ANY}))
        elif not kept or kept[-1].name != DEEP:
            kept.append(of(DEEP, {}))
    while kept and kept[-1].name == DEEP:
        kept.pop()
    return tuple(kept)


def text_of(parts: Sequence[Element]) -> str:
    """Return a path as text."""
    return "".join(f"/{part.text}" for part in parts)


def fits(part: Element, given: Element) -> bool:
    """Tell whether an element of a pattern takes the element of a path."""
    return part.name in (ANY, given.name) and all(
        given.keys.get(key) == value for key, value in part.keys.items()
    )


def covers(asked: Pattern, path: Sequence[Element]) -> bool:
    """Tell whether a path lies at or below a pattern."""
    if not asked:
        return True
    if asked[0].name == DEEP:
        return covers(asked[1:], path) or (bool(path) and covers(asked, path[1:]))
    return bool(path) and fits(asked[0], path[0]) and covers(asked[1:], path[1:])


def overlap(one: Pattern, other: Pattern) -> bool:
    """Tell whether a path can lie at or below both patterns."""
    for mine, yours in zip(one, other, strict=False):
        if DEEP in (mine.name, yours.name):
            return True
        if ANY not in (mine.name, yours.name) and mine.name != yours.name:
            return False
        if any(yours.keys.get(key, value) != value for key, value in mine.keys.items()):
            return False
    return True
