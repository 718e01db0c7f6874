"""The file in which an operator declares a fabric, as the content of a ``fabric`` record.

.. code-block:: yaml

    design: ebgp                  # or ibgp, ebgp-ebgp, ibgp-ebgp; without it: recognised
    vnis:
      10010: {tenant: blue}
    segments:
      "03:44:38:39:ff:ff:01:00:00:01": {members: [leaf-1, leaf-2]}
    targets:
      leaf-1: {role: leaf, uplinks: 2, lags: {po1: 2}}

Everything may be left out: what isn't declared is learned from the fabric, or unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from collectors.errors import InputError
from collectors.inventory_yaml import document
from collectors.inventory_yaml.document import Node, Scalar
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.values import did_you_mean, name, plain_text, shown
from pipeline.detectors.designs import NAMES
from pipeline.settings_file import esi_of, vni_of

Content = dict[str, Any]  # Any: JSON
Check = Callable[[str], Any]
_MOST: Final = 10_000


def read(file: Path) -> Content:
    """Return the declaration in a file; raises InputError with all its mistakes."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text: save it as UTF-8") from error
    mistakes = Mistakes(str(file))
    node = document.parse(text, mistakes)
    found = {} if node is None else _Reader(mistakes).value(node, "a declaration", _DECLARATION)
    mistakes.raise_if_any()
    content: Content = found
    return content


@dataclass(frozen=True)
class _Fields:
    """A mapping with these keys, none of which must be there."""

    of: Mapping[str, "_Form"]


@dataclass(frozen=True)
class _Each:
    """A mapping of any number of things."""

    key: Check
    form: "_Form"


@dataclass(frozen=True)
class _List:
    """A list of scalars."""

    check: Check


_Form = Check | _Fields | _Each | _List


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _MOST):
        raise ValueError(f"must be a number of 1 to {_MOST}, not {shown(text)}")
    return int(text)


def _design(text: str) -> str:
    if text.lower() not in NAMES:
        raise ValueError(f"must be one of {', '.join(NAMES)}, not {shown(text)}")
    return text.lower()


_DECLARATION: Final = _Fields(
    {
        "design": _design,
        "vnis": _Each(vni_of, _Fields({"tenant": plain_text})),
        "segments": _Each(esi_of, _Fields({"members": _List(name)})),
        "targets": _Each(
            name,
            _Fields(
                {
                    "role": plain_text,
                    "uplinks": _count,
                    "lags": _Each(plain_text, _count),
                }
            ),
        ),
    }
)


class _Reader:
    """Reads nodes by their form, and notes what is wrong with them."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes

    def value(self, node: Node, where: str, form: _Form) -> Any:  # Any: JSON
        """Return what a node means; where it means nothing, what can be told of it."""
        match form:
            case _Fields():
                return self._fields(node, where, form)
            case _Each():
                return self._each(node, where, form)
            case _List():
                return self._list(node, where, form.check)
            case _:
                return self._scalar(node, where, form)

    def _fields(self, node: Node, where: str, form: _Fields) -> Content:
        known = ", ".join(form.of)
        if not isinstance(node, document.Mapping):
            self._mistakes.add(node.line, f"{where} must be a mapping with any of {known}")
            return {}
        for key in node.entries.keys() - form.of.keys():
            hint = did_you_mean(key, form.of)
            self._mistakes.add(node.key_lines[key], f"{where} has no {shown(key)}{hint}: use {known}")
        return {
            key: self.value(entry, f"{key} of {where}", form.of[key])
            for key, entry in node.entries.items()
            if key in form.of
        }

    def _each(self, node: Node, where: str, form: _Each) -> Content:
        if not isinstance(node, document.Mapping):
            self._mistakes.add(node.line, f"{where} must be a mapping")
            return {}
        found: Content = {}
        for text, entry in node.entries.items():
            try:
                key = str(form.key(text))
            except ValueError as error:
                self._mistakes.add(node.key_lines[text], f"{where}: {error}")
                continue
            found[key] = self.value(entry, text, form.form)
        return found

    def _list(self, node: Node, where: str, check: Check) -> list[Any]:  # Any: JSON
        if not isinstance(node, document.Sequence):
            self._mistakes.add(node.line, f"{where} must be a list")
            return []
        return [self._scalar(item, where, check) for item in node.items]

    def _scalar(self, node: Node, where: str, check: Check) -> Any:  # Any: JSON
        if not isinstance(node, Scalar) or node.text is None:
            self._mistakes.add(node.line, f"{where} must be one value")
            return None
        try:
            return check(node.text)
        except ValueError as error:
            self._mistakes.add(node.line, f"{where}: {error}")
            return None
