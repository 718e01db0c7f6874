"""A YAML document as mappings, lists and texts that know their lines; scalars stay the text that was written.

YAML's guesses about types are not used: ``site: no`` is the text ``no`` and ``rack: 010`` is ``010``. What a
text must be is known where it is read. Anchors, aliases, merge keys and tags are refused: groups do their
work, and an alias is how a small file becomes a huge one. Their names are not repeated: a password that
begins with ``*``, ``&`` or ``!`` and stands where it shouldn't is one of them to YAML.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from collectors.inventory_yaml.mistakes import Mistakes

MAX_DEPTH: Final = 16
"""An inventory needs five levels; the limit keeps a hostile file from exhausting the stack."""
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # an installation may lack libyaml
_TAG_HANDLE: Final = re.compile("(?<=tag handle) .*")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Scalar:
    """One value; ``text`` is None where YAML says null."""

    line: int
    text: str | None
    quoted: bool


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """A mapping; each key once, with the line it stands in."""

    line: int
    entries: dict[str, "Node"] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


def parse(text: str, mistakes: Mistakes) -> Node | None:
    """Return the document in ``text``, or None for none; what is wrong with it goes to ``mistakes``.

    After a mistake in the syntax the rest of the file is not read: what it means can't be told.
    """
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER), mistakes).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        # PyYAML's own parser repeats the handle of a tag, which may be the begin of a password
        problem = _TAG_HANDLE.sub("", error.problem or "")
        why = ", ".join(part for part in (problem, error.context) if part)
        mistakes.add(line + 1, f"this is no YAML: {why}{_tab(text, line)}")
    except yaml.reader.ReaderError:
        # the error counts bytes or characters, as the parser at hand does: look for the character itself
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        assert found is not None
        line = text.count("\n", 0, found.start()) + 1
        mistakes.add(line, f"the character U+{ord(found[0]):04X} may not stand in YAML")
    except _TooDeepError as error:
        mistakes.add(error.args[0], f"nested more than {MAX_DEPTH} levels deep: no inventory needs that")
    return None


class _TooDeepError(Exception):
    """Nesting beyond MAX_DEPTH; its argument is the line."""


class _Reader:
    """Builds nodes from a parser's events."""

    def __init__(self, events: Iterator[yaml.Event], mistakes: Mistakes) -> None:
        self._events = events
        self._mistakes = mistakes

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._mistakes.add(_line(event), "a second document begins here: an inventory is one")
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, 0)
                root = root or node
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise _TooDeepError(line)
        if isinstance(event, yaml.AliasEvent):
            self._mistakes.add(
                line, "aliases (*) are not used here, groups do their work; quote a text that begins with *"
            )
            return Scalar(line, None, quoted=False)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.anchor:
            self._mistakes.add(
                line, "anchors (&) are not used here, groups do their work; quote a text that begins with &"
            )
        if event.tag:
            self._mistakes.add(
                line, "tags (!) are not used here, write the value alone; quote a text that begins with !"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(Sequence(line), depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(Mapping(line), depth)
        assert isinstance(event, yaml.ScalarEvent)
        quoted = bool(event.style)
        return Scalar(line, None if not quoted and event.value in _NULLS else event.value, quoted)

    def _sequence(self, sequence: Sequence, depth: int) -> Sequence:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            sequence.items.append(self._node(event, depth + 1))
        return sequence

    def _mapping(self, mapping: Mapping, depth: int) -> Mapping:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar) or key.text is None:
                self._mistakes.add(key.line, "a key must be a text")
            elif key.text == "<<" and not key.quoted:
                self._mistakes.add(key.line, "merge keys (<<) are not used here, groups do their work")
            elif key.text in mapping.entries:
                first = mapping.key_lines[key.text]
                self._mistakes.add(key.line, f"{key.text!r} stands here again, first in line {first}")
            else:
                mapping.entries[key.text] = value
                mapping.key_lines[key.text] = key.line
        return mapping


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


def _tab(text: str, line: int) -> str:
    """Return a hint where a tab is the likely cause: the parser's own sentence doesn't say so."""
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    return "; indent with spaces, not tabs" if "\t" in here[: len(here) - len(here.lstrip())] else ""
