"""What the keys of a target, a group and the defaults mean, and which of several values holds.

Settings are flat: ``port``, ``labels.tier``, ``tls.ca``. Each knows its line, so that a mistake that shows
only when everything is put together is still told where it was made.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.inventory_yaml import values
from collectors.inventory_yaml.document import Mapping as MappingNode
from collectors.inventory_yaml.document import Node, Scalar, Sequence
from collectors.inventory_yaml.mistakes import Mistakes

Check = Callable[[str], str]

SHARED: Final[Mapping[str, Check]] = {
    "port": values.port,
    "profile": values.profile,
    "fabric": values.fabric,
    "role": values.plain_text,
    "site": values.plain_text,
    "rack": values.plain_text,
}
"""Scalars that a target has or takes from its groups and the defaults."""
PARTS: Final[Mapping[str, Mapping[str, Check]]] = {
    "credentials": {"username": values.username, "password": values.password},
    "tls": {
        "ca": values.path,
        "certificate": values.path,
        "key": values.path,
        "server_name": values.address,
    },
}
"""Mappings that merge key by key."""
LABELS: Final = "labels"
WRONG: Final = ""
"""No check lets an empty text through, so nothing else looks like it."""
OWN: Final = ("address", "groups", "insecure")
"""What a target alone can have."""
_KEYS: Final = (*SHARED, *PARTS, LABELS)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value and its line.

    ``text`` None takes away what would be inherited; WRONG stands for a value whose mistake has been told.
    """

    text: str | None
    line: int


Settings = Mapping[str, Setting]


def read_settings(node: Node, where: str, mistakes: Mistakes, *, target: bool) -> dict[str, Setting]:
    """Return what a target, a group or the defaults say, checked; ``where`` names it in messages.

    A value that is wrong is told and becomes WRONG; so one mistake neither hides nor makes another.
    """
    reader = _Reader(where, mistakes)
    if isinstance(node, MappingNode):
        for key, value in node.entries.items():
            reader.read(key, value, node.key_lines[key], target=target)
    elif not _is_null(node):
        reader.wrong(node.line, f"must be a mapping of keys, not {_kind(node)}")
    return reader.found


def group_names(node: Node, where: str, known: Collection[str], mistakes: Mistakes) -> list[str]:
    """Return the groups that a target's mapping names, those that exist, in its order."""
    value = node.entries.get("groups") if isinstance(node, MappingNode) else None
    if value is None or _is_null(value):
        return []
    found: list[str] = []
    for item in value.items if isinstance(value, Sequence) else [value]:
        if not isinstance(item, Scalar) or item.text is None:
            mistakes.add(item.line, f"{where}: groups: must be names of groups, not {_kind(item)}")
        elif item.text not in known:
            hint = values.did_you_mean(item.text, known) or ": define it under groups"
            mistakes.add(item.line, f"{where}: there is no group {values.shown(item.text)}{hint}")
        elif item.text in found:
            mistakes.add(item.line, f"{where}: group {item.text} is named twice")
        else:
            found.append(item.text)
    return found


def merged(sources: Iterable[Settings]) -> dict[str, Setting]:
    """Return what holds when each source overrules those before it, key by key."""
    holding: dict[str, Setting] = {}
    for source in sources:
        for key, setting in source.items():
            if setting.text is not None:
                holding[key] = setting
                continue
            for gone in [one for one in holding if one == key or one.startswith(f"{key}.")]:
                del holding[gone]
    return holding


def part(settings: Settings, prefix: str) -> dict[str, str]:
    """Return the values below ``prefix``, without it."""
    start = f"{prefix}."
    return {
        key.removeprefix(start): setting.text
        for key, setting in settings.items()
        if key.startswith(start) and setting.text is not None
    }


def label_name(name: str) -> str:
    """Return the name of a label; raises ValueError for one that can't be, or is a key of its own."""
    if name in _KEYS or name in (*OWN, "name"):
        raise ValueError(f"{name} is a key of its own, not a label")
    return values.label(name)


class _Reader:
    """Reads the keys of one target, one group or the defaults."""

    def __init__(self, where: str, mistakes: Mistakes) -> None:
        self.found: dict[str, Setting] = {}
        self._where = where
        self._mistakes = mistakes

    def wrong(self, line: int, sentence: str) -> None:
        """Note a mistake."""
        self._mistakes.add(line, f"{self._where}: {sentence}")

    def read(self, key: str, node: Node, line: int, *, target: bool) -> None:
        """Read one key."""
        if key in SHARED:
            self._scalar(key, node, SHARED[key])
        elif key in PARTS:
            self._part(key, node, PARTS[key])
        elif key == LABELS:
            self._labels(node)
        elif key in OWN and not target:
            self.wrong(line, f"{key} belongs to a target{_why(key)}")
        elif key == "address":
            self._scalar(key, node, values.address)
        elif key == "insecure":
            self._scalar(key, node, _true_or_false)
        elif key != "groups":  # read by group_names
            known = (*_KEYS, *OWN) if target else _KEYS
            self.wrong(line, f"unknown key {values.shown(key)}{_hint(key, known)}")

    def _scalar(self, key: str, node: Node, check: Check) -> None:
        self.found[key] = Setting(WRONG, node.line)
        if not isinstance(node, Scalar):
            hint = ": write an IPv6 address without brackets" if key == "address" else ""
            self.wrong(node.line, f"{key} must be one value, not {_kind(node)}{hint}")
        elif node.text is None:
            self.found[key] = Setting(None, node.line)
        else:
            try:
                self.found[key] = Setting(check(node.text), node.line)
            except ValueError as error:
                self.wrong(node.line, f"{key}: {error}")

    def _part(self, key: str, node: Node, checks: Mapping[str, Check]) -> None:
        if not isinstance(node, MappingNode):
            self._no_mapping(key, node, f"of {', '.join(checks)}")
            return
        for name, value in node.entries.items():
            if name in checks:
                self._scalar(f"{key}.{name}", value, checks[name])
            else:
                hint = values.did_you_mean(name, checks) or f": use {', '.join(checks)}"
                self.wrong(node.key_lines[name], f"{key}: unknown key {values.shown(name)}{hint}")

    def _labels(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._no_mapping(LABELS, node, "of names and texts")
            return
        for name, value in node.entries.items():
            try:
                self._scalar(f"{LABELS}.{label_name(name)}", value, values.plain_text)
            except ValueError as error:
                self.wrong(node.key_lines[name], f"{LABELS}: {error}")

    def _no_mapping(self, key: str, node: Node, what: str) -> None:
        self.found[key] = Setting(None, node.line)
        if not _is_null(node):
            self.wrong(node.line, f"{key} must be a mapping {what}, not {_kind(node)}")


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text is None


def _true_or_false(text: str) -> str:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, not {values.shown(text)}")
    return text


def _why(key: str) -> str:
    if key == "insecure":
        return ": one line must not take TLS from many, nor from those that join later"
    return ", not to several"


def _hint(key: str, known: Iterable[str]) -> str:
    for name, checks in PARTS.items():
        if key in checks:
            return f": it stands under {name}"
    return values.did_you_mean(key, known) or f": use {', '.join(known)}"


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return (
            "nothing" if node.text is None else "a single value"
        )  # which may be a secret in the wrong place
    return "a list" if isinstance(node, Sequence) else "a mapping"
