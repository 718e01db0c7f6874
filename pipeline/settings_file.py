"""The file with the thresholds that operators set: read whole, every mistake told at once.

.. code-block:: yaml

    rules:                      # of every fabric
      M2: {moves: 5, window_s: 180}
    fabrics:
      dc1:
        rules:
          R4: {wait_s: 10}
        vnis:
          10010:
            M2: {moves: 20}     # machines migrate here all day
        segments:
          "03:44:38:39:ff:ff:01:00:00:01":
            R4: {wait_s: 60}

The narrowest holds: segment, VNI, fabric, all fabrics, and where nobody says anything the catalogue. Beside
``rules`` there may be ``retention``, see ``retention_file``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

from collectors.errors import InputError
from collectors.inventory_yaml import document
from collectors.inventory_yaml.document import Node, Scalar
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.detect import PARAMETERS, RULES
from pipeline.detectors.settings import TIMERS, Key, Parameter, Settings

Subject = TypeVar("Subject", int, str)
Value = TypeVar("Value")
Values = dict[Key, float]
Scope = Literal["fabric", "VNI", "segment"]
_MOST_SECONDS: Final = 7 * 86_400.0
_ESI: Final = re.compile(r"(?:[0-9a-f]{2}:){9}[0-9a-f]{2}")
_MOST_VNI: Final = 0xFFFFFF


def read(file: Path, fabrics: Iterable[str]) -> dict[str, Settings]:
    """Return the settings of each fabric; raises InputError with all mistakes of the file."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text: save it as UTF-8") from error
    mistakes = Mistakes(str(file))
    reader = _Reader(mistakes)
    node = document.parse(text, mistakes)
    everywhere: Values = {}
    own: Mapping[str, Settings] = {}
    if node is not None:
        parts = reader.parts(node, "the file", ("rules", "fabrics", "retention"))
        everywhere = reader.rules(parts.get("rules"))
        own = reader.each(parts.get("fabrics"), "fabrics", str, reader.fabric)
    mistakes.raise_if_any()
    return {
        name: Settings(
            {**everywhere, **own.get(name, Settings()).fabric},
            own.get(name, Settings()).vnis,
            own.get(name, Settings()).segments,
        )
        for name in fabrics
    }


class _Reader:
    """Reads parts of the document, and notes what is wrong with them."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._known: dict[Key, Parameter] = {
            **{
                (rule, timer): Parameter(rule, timer, 0, "s", 0, _MOST_SECONDS)
                for rule in RULES
                for timer in TIMERS
            },
            **{parameter.key: parameter for parameter in PARAMETERS},
        }

    def fabric(self, node: Node) -> Settings:
        """Return what is set for one fabric."""
        parts = self.parts(node, "a fabric", ("rules", "vnis", "segments", "retention"))
        return Settings(
            self.rules(parts.get("rules")),
            self.each(parts.get("vnis"), "vnis", vni_of, partial(self.rules, scope="VNI")),
            self.each(parts.get("segments"), "segments", esi_of, partial(self.rules, scope="segment")),
        )

    def parts(self, node: Node, where: str, known: tuple[str, ...]) -> Mapping[str, Node]:
        """Return the entries of a mapping whose keys are known."""
        if not isinstance(node, document.Mapping):
            self._mistakes.add(node.line, f"{where} must be a mapping with {' and '.join(known)}")
            return {}
        for key in node.entries.keys() - set(known):
            self._mistakes.add(
                node.key_lines[key],
                f"{where} has no {shown(key)}{did_you_mean(key, known)}: use {', '.join(known)}",
            )
        return {key: value for key, value in node.entries.items() if key in known}

    def each(
        self,
        node: Node | None,
        where: str,
        key_of: Callable[[str], Subject],
        value_of: Callable[[Node], Value],
    ) -> dict[Subject, Value]:
        """Return the entries of a mapping by what their keys mean."""
        if node is None:
            return {}
        if not isinstance(node, document.Mapping):
            self._mistakes.add(node.line, f"{where} must be a mapping")
            return {}
        found: dict[Subject, Value] = {}
        for text, entry in node.entries.items():
            try:
                found[key_of(text)] = value_of(entry)
            except ValueError as error:
                self._mistakes.add(node.key_lines[text], str(error))
        return found

    def rules(self, node: Node | None, scope: Scope = "fabric") -> Values:
        """Return thresholds by rule and name; ``scope``: whose they are."""
        if node is None:
            return {}
        if not isinstance(node, document.Mapping):
            self._mistakes.add(node.line, "rules must be a mapping: the id of a rule, then its thresholds")
            return {}
        values: Values = {}
        for rule, thresholds in node.entries.items():
            line = node.key_lines[rule]
            if rule not in RULES:
                self._mistakes.add(line, f"there is no rule {shown(rule)}{did_you_mean(rule, RULES)}")
            elif not isinstance(thresholds, document.Mapping):
                self._mistakes.add(line, f"{rule} must be a mapping of thresholds: {self._names(rule)}")
            else:
                for name, value in thresholds.entries.items():
                    self._threshold((rule, name), value, thresholds.key_lines[name], values, scope)
        return values

    def _threshold(self, key: Key, node: Node, line: int, values: Values, scope: Scope) -> None:
        rule, name = key
        known = self._known.get(key)
        if known is None:
            self._mistakes.add(line, f"{rule} has no threshold {shown(name)}: use {self._names(rule)}")
            return
        settable = scope == "fabric" or name in TIMERS or (scope == "VNI" and known.per_vni)
        if not settable:
            self._mistakes.add(line, f"{rule} {name} can't be set for a {scope}: it is one for the fabric")
            return
        text = node.text if isinstance(node, Scalar) else None
        try:
            value = float(text or "")
        except ValueError:
            value = float("nan")
        if not known.least <= value <= known.most:
            span = f"{known.least:g} to {known.most:g} {known.unit}"
            self._mistakes.add(line, f"{rule} {name} must be a number of {span}")
            return
        values[key] = value

    def _names(self, rule: str) -> str:
        return ", ".join(sorted(name for of, name in self._known if of == rule))


def vni_of(text: str) -> int:
    """Return a VNI; raises ValueError for what is none."""
    if not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MOST_VNI):
        raise ValueError(f"a VNI is a number of 1 to {_MOST_VNI}, not {shown(text)}")
    return int(text)


def esi_of(text: str) -> str:
    """Return an ESI in lower case; raises ValueError for what is none."""
    if not _ESI.fullmatch(text.lower()):
        raise ValueError(f"an ESI has ten octets, 00:11:22:33:44:55:66:77:88:99, not {shown(text)}")
    return text.lower()
