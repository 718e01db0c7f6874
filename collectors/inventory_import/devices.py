"""Devices as another system describes them, what the operator adds to that, and the targets that follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collectors.errors import InputError
from collectors.inventory_yaml import values
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.settings import SHARED, Check, label_name

_CHECKS: Final[Mapping[str, Check]] = {**SHARED, "name": values.name, "address": values.address}

Entry = dict[str, str | int | dict[str, str]]
"""What an inventory says of one target, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device; None is what its source doesn't say."""

    where: str
    """What messages call it."""
    line: int = 0
    """Where it stands in its file; 0: lines mean nothing there."""
    name: str | None
    address: str | None
    port: str | None = None
    profile: str | None = None
    platform: str | None = None
    """What it runs, in the words of its source; decides on the profile where none is given."""
    fabric: str | None = None
    role: str | None = None
    site: str | None = None
    rack: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value for all, or by another value: ``openconfig``, or ``arista-eos=openconfig``."""

    default: str | None = None
    by: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str | None) -> str | None:
        """Return the value for ``key``."""
        return self.by.get(key, self.default) if key is not None else self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the operator adds."""

    profile: Choice = Choice()
    """By platform."""
    fabric: Choice = Choice()
    """By site."""
    role: Choice = Choice()
    """By the source's role; a role without a choice stays as it is."""


def choice(options: Iterable[str], option: str) -> Choice:
    """Return what the occurrences of an option say, ``VALUE`` or ``KEY=VALUE``; raises InputError."""
    default: str | None = None
    by: dict[str, str] = {}
    for one in options:
        key, separator, value = one.rpartition("=")
        if not value or (separator and not key):
            raise InputError(f"{option} {values.shown(one)}: write VALUE, or KEY=VALUE")
        if (key in by and by[key] != value) or (not separator and default not in (None, value)):
            raise InputError(f"{option} {values.shown(one)}: contradicts an earlier {option}")
        if separator:
            by[key] = value
        else:
            default = value
    return Choice(default, by)


def entries_of(devices: Iterable[Device], choices: Choices, mistakes: Mistakes) -> dict[str, Entry]:
    """Return what an inventory says of each device, by name in order; what is wrong goes to ``mistakes``."""
    found: dict[str, Entry] = {}
    taken: dict[tuple[object, object], str] = {}
    for device in devices:
        entry = _Making(device, mistakes).entry(choices)
        name = device.name
        if name is None or "address" not in entry:
            continue
        if name in found:
            mistakes.add(device.line, f"{device.where}: there is another device of this name")
            continue
        found[name] = entry
        first = taken.setdefault((entry["address"], entry.get("port")), name)
        if first != name:
            mistakes.add(device.line, f"{device.where}: {entry['address']} is the address of {first} too")
    return dict(sorted(found.items()))


class _Making:
    """Turns one device into an entry."""

    def __init__(self, device: Device, mistakes: Mistakes) -> None:
        self._device = device
        self._mistakes = mistakes
        self._texts: dict[str, str] = {}

    def entry(self, choices: Choices) -> Entry:
        """Return what could be read; the rest goes to the mistakes."""
        device = self._device
        self._needed("name", device.name, "has no name")
        self._needed("address", device.address, "has no primary IP address")
        profile = device.profile or choices.profile.of(device.platform)
        self._needed("profile", profile, _undecided("profile", "platform", device.platform))
        fabric = device.fabric or choices.fabric.of(device.site)
        self._needed("fabric", fabric, _undecided("fabric", "site", device.site))
        role = choices.role.of(device.role) or device.role
        for key, text in (
            ("port", device.port),
            ("role", role),
            ("site", device.site),
            ("rack", device.rack),
        ):
            if text is not None:
                self._checked(key, text)
        labels = {key: text for key, text in device.labels.items() if self._label(key, text)}
        self._texts.pop("name", None)
        entry: Entry = {key: int(text) if key == "port" else text for key, text in self._texts.items()}
        return {**entry, "labels": labels} if labels else entry

    def _needed(self, key: str, text: str | None, lack: str) -> None:
        if text is None:
            self._wrong(lack)
        else:
            self._checked(key, text)

    def _checked(self, key: str, text: str) -> None:
        try:
            self._texts[key] = _CHECKS[key](text)
        except ValueError as error:
            self._wrong(f"{key}: {error}")

    def _label(self, key: str, text: str) -> bool:
        try:
            label_name(key)
            values.plain_text(text)
        except ValueError as error:
            self._wrong(f"label {key}: {error}")
            return False
        return True

    def _wrong(self, sentence: str) -> None:
        self._mistakes.add(self._device.line, f"{self._device.where}: {sentence}")


def _undecided(what: str, by: str, text: str | None) -> str:
    value = what.upper()
    if text is None:
        return f"has no {by} to choose a {what} by: add --{what} {value} for all"
    return (
        f"no {what} is chosen for the {by} {values.shown(text)}:"
        f" add --{what} {text}={value}, or --{what} {value} for all"
    )
