"""An inventory from its YAML file. Every mistake is told with its line, all of a file at once.

The keys are described in docs/reference/inventory.md. What a target says overrules its groups, of which a
later one overrules an earlier one, and these overrule the defaults; credentials, TLS and labels merge key by
key.
"""

from pathlib import Path
from typing import Final

from collectors.errors import InputError
from collectors.inventory import Inventory, Target
from collectors.inventory_yaml import values
from collectors.inventory_yaml.document import Mapping, Node, Scalar, parse
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.settings import Settings, group_names, merged, read_settings
from collectors.inventory_yaml.target import problems, target_of

MAX_BYTES: Final = 16 * 1024 * 1024
"""Room for some 80 000 targets; a bigger file is not an inventory."""
_TOP: Final = ("defaults", "groups", "targets")


def read_inventory(path: Path) -> Inventory:
    """Return the inventory in ``path``; raises InputError with all its mistakes, one a line.

    Nothing that it refers to is opened: a password or certificate that is missing takes its own target only,
    when that is dialled, and ``fabricscope doctor`` tells of it before.
    """
    return parse_inventory(_text(path), file=str(path), base=path.absolute().parent)


def parse_inventory(text: str, *, file: str, base: Path) -> Inventory:
    """Return the inventory in ``text``; relative paths are below ``base``, ``file`` is named in messages."""
    mistakes = Mistakes(file)
    root = parse(text, mistakes)
    targets: dict[str, Target] = {}
    if isinstance(root, Mapping):
        targets = _targets(root, base, mistakes)
    elif root is not None:
        mistakes.add(root.line, f"must be a mapping with {', '.join(_TOP)}")
    mistakes.raise_if_any()
    if not targets:
        raise InputError(f"{file}: there are no targets: put them under targets")
    return Inventory(targets=targets)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"can't read the inventory {path}: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"{path}: has more than {MAX_BYTES // 1024**2} MiB: split it between collectors")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: is not UTF-8: save the file in that encoding") from error


def _targets(root: Mapping, base: Path, mistakes: Mistakes) -> dict[str, Target]:
    for key in root.entries.keys() - set(_TOP):
        hint = values.did_you_mean(key, _TOP) or f": use {', '.join(_TOP)}"
        mistakes.add(root.key_lines[key], f"unknown key {values.shown(key)}{hint}")
    defaults: Settings = {}
    if "defaults" in root.entries:
        defaults = read_settings(root.entries["defaults"], "defaults", mistakes, target=False)
    groups = {
        name: read_settings(node, f"group {name}", mistakes, target=False)
        for name, _, node in _named(root, "groups", "group", mistakes)
    }
    found: dict[str, Target] = {}
    taken: dict[tuple[str, int], tuple[str, int]] = {}
    for name, line, node in _named(root, "targets", "target", mistakes):
        where = f"target {name}"
        own = read_settings(node, where, mistakes, target=True)
        chosen = [groups[group] for group in group_names(node, where, groups, mistakes)]
        settings = merged([defaults, *chosen, own])
        wrong = list(problems(line, own, settings))
        for at, sentence in wrong:
            mistakes.add(at, f"{where}: {sentence}")
        target = None if wrong else target_of(name, settings, base)
        if target is None:
            continue
        first, first_line = taken.setdefault((target.address, target.port), (name, line))
        if first != name:
            mistakes.add(
                line, f"{where}: {target.endpoint} is target {first}'s already, in line {first_line}"
            )
        found[name] = target
    return found


def _named(root: Mapping, key: str, what: str, mistakes: Mistakes) -> list[tuple[str, int, Node]]:
    """Return name, line and content of each entry below ``key``."""
    node = root.entries.get(key)
    if node is None or (isinstance(node, Scalar) and node.text is None):
        return []
    if not isinstance(node, Mapping):
        mistakes.add(node.line, f"{key}: must be a mapping, from each {what}'s name to what is said of it")
        return []
    named = []
    for name, content in node.entries.items():
        try:
            values.name(name)
        except ValueError as error:
            mistakes.add(node.key_lines[name], f"{what}: {error}")
        else:
            named.append((name, node.key_lines[name], content))
    return named
