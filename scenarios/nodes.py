"""YAML as nodes that know their lines, read by what is wanted: a mapping, a list, a text, a number.

What is wrong goes to the file's mistakes with its line, and reading goes on with what a wrong value leaves.
"""

from collections.abc import Collection, Iterator
from typing import Final

import yaml

from collectors.inventory_yaml.mistakes import Mistakes

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # an installation may lack libyaml


def document(text: str, mistakes: Mistakes) -> yaml.Node | None:
    """Return the root of a document, None for one that can't be read."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        mistakes.add(mark.line + 1 if mark else 0, f"this is no YAML: {error.problem}")
        return None
    except yaml.YAMLError as error:
        mistakes.add(0, f"this is no YAML: {error}")
        return None
    if root is None:
        mistakes.add(0, "there is nothing in it")
    return root


class Fields:
    """A mapping whose keys are asked for one by one; those that nobody asked for are mistakes."""

    def __init__(self, node: yaml.Node | None, where: str, keys: Collection[str], mistakes: Mistakes) -> None:
        self._where, self.mistakes = where, mistakes
        self.line = line_of(node)
        self._found: dict[str, yaml.Node] = {}
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            mistakes.add(self.line, f"{where} must be a mapping with {', '.join(keys)}")
            return
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in keys:
                mistakes.add(line_of(key), f"{where} has no {name!r}: it takes {', '.join(keys)}")
            elif name in self._found:
                mistakes.add(line_of(key), f"{where} has {name} twice")
            else:
                self._found[name] = value

    def __contains__(self, key: str) -> bool:
        """Return whether a key stands there."""
        return key in self._found

    def node(self, key: str) -> yaml.Node | None:
        """Return a value as it stands there, None for none."""
        return self._found.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; one that is missing and has no default is a mistake."""
        node = self._found.get(key)
        if node is None:
            if default is None:
                self.mistakes.add(self.line, f"{self._where} needs {key}")
            return default or ""
        return text_of(node, f"{key} of {self._where}", self.mistakes)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a number, 0 or above."""
        node = self._found.get(key)
        if node is None:
            if default is None:
                self.mistakes.add(self.line, f"{self._where} needs {key}")
            return default or 0.0
        return number_of(node, f"{key} of {self._where}", self.mistakes)

    def items(self, key: str) -> list[yaml.Node]:
        """Return the items of a list, none for none."""
        node = self._found.get(key)
        return [] if node is None else items_of(node, f"{key} of {self._where}", self.mistakes)

    def pairs(self, key: str) -> Iterator[tuple[str, yaml.Node]]:
        """Yield keys and values of a mapping."""
        node = self._found.get(key)
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self.mistakes.add(line_of(node), f"{key} of {self._where} must be a mapping")
            return
        yield from ((name.value, value) for name, value in node.value)

    def plain(self, key: str) -> object:
        """Return a value as YAML understands it: numbers, texts, lists and mappings."""
        node = self._found.get(key)
        return None if node is None else _Plain().construct_document(node)


class _Plain(yaml.constructor.SafeConstructor):
    """Makes values of nodes."""


def line_of(node: yaml.Node | None) -> int:
    """Return the line a node stands in, from 1; 0 for none."""
    return 0 if node is None or node.start_mark is None else node.start_mark.line + 1


def text_of(node: yaml.Node, what: str, mistakes: Mistakes) -> str:
    """Return a text; anything else is a mistake."""
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        mistakes.add(line_of(node), f"{what} must be a text")
        return ""
    return str(node.value)


def number_of(node: yaml.Node, what: str, mistakes: Mistakes) -> float:
    """Return a number, 0 or above; anything else is a mistake."""
    text = text_of(node, what, mistakes)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if text and not 0 <= number < float("inf"):
        mistakes.add(line_of(node), f"{what} must be a number, 0 or above, not {text!r}")
    return max(number, 0.0)


def items_of(node: yaml.Node, what: str, mistakes: Mistakes) -> list[yaml.Node]:
    """Return the items of a list; anything else is a mistake."""
    if not isinstance(node, yaml.SequenceNode):
        mistakes.add(line_of(node), f"{what} must be a list")
        return []
    return list(node.value)
