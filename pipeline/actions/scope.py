"""What a maintenance window is about.

In JSON an object with at least one of these members; all given must match, of a list any one::

    fabric     true: everything, and then nothing else is given
    device     ["leaf-3", ...]
    interface  ["ethernet-1/1", ...]
    esi        ["00:11:22:33:44:55:66:77:88:99", ...]
    vni        [1010, ...]
    label      {"rack": "r12", ...}: all of these labels of the device; role, site and rack are labels too

An incident is covered when its subject is: a window for a device covers incidents on that device, its
interfaces and its VTEP, and no incident that names no device. What such a window causes elsewhere hangs below
an incident that is covered, as its root.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.actions.wrong import ActionError, mapping, members, quoted

MOST: Final = 1000
"""Values of one member."""
_NAMES: Final = ("device", "interface", "esi")
_VNI_MOST: Final = (1 << 24) - 1
_LENGTH: Final = 255


@dataclass(frozen=True)
class Scope:
    """What a window covers; a member that is empty restricts nothing."""

    device: frozenset[str] = frozenset()
    interface: frozenset[str] = frozenset()
    esi: frozenset[str] = frozenset()
    vni: frozenset[int] = frozenset()
    label: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, value: object) -> "Scope":
        """Return the scope that a JSON value means; raises ActionError."""
        given = mapping(value, "scope")
        members(given, (), ("fabric", *_NAMES, "vni", "label"), "scope")
        if not given:
            raise ActionError('scope is empty: name what it is about, or {"fabric": true} for everything')
        if "fabric" in given:
            if given != {"fabric": True}:
                raise ActionError("a scope with fabric: true has no other members, and no other value")
            return cls()
        names = {name: _texts(given[name], name) for name in _NAMES if name in given}
        if "esi" in names:
            names["esi"] = frozenset(esi.lower() for esi in names["esi"])
        return cls(**names, vni=_vnis(given.get("vni")), label=_labels(given.get("label")))

    def plain(self) -> dict[str, Any]:  # Any: JSON
        """Return the scope as JSON."""
        found: dict[str, Any] = {name: sorted(getattr(self, name)) for name in (*_NAMES, "vni")}
        found["label"] = dict(self.label)
        return {name: value for name, value in found.items() if value} or {"fabric": True}

    def covers(self, subject: Mapping[str, Any], labels: Mapping[str, str]) -> bool:  # Any: subject columns
        """Return whether an incident on ``subject``, whose device has ``labels``, is covered."""
        if not self.fits(labels):
            return False
        esi = subject.get("esi")
        told = {**subject, "esi": None if esi is None else str(esi).lower()}
        given = {name: getattr(self, name) for name in (*_NAMES, "vni")}
        return all(told.get(name) in values for name, values in given.items() if values)

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Return whether a device has the labels asked for, if any are."""
        return all(labels.get(name) == value for name, value in self.label)

    def label_words(self) -> str:
        """Return the labels, for people."""
        return " and ".join(f"{name}={value}" for name, value in self.label)

    def words(self) -> str:
        """Return what it is about, for people."""
        parts = [f"{name} {', '.join(sorted(getattr(self, name)))}" for name in _NAMES if getattr(self, name)]
        parts += [f"VNI {', '.join(map(str, sorted(self.vni)))}"] if self.vni else []
        parts += [self.label_words()] if self.label else []
        return " and ".join(parts) or "the whole fabric"


def _texts(value: object, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ActionError(f"scope: {name} is a list of names, not {quoted(value)}")
    _check_size(value, name)
    _check_names(value, name)
    return frozenset(value)


def _vnis(value: object) -> frozenset[int]:
    if value is None:
        return frozenset()
    right = isinstance(value, list) and value and all(type(one) is int for one in value)
    if not isinstance(value, list) or not right or not all(0 < one <= _VNI_MOST for one in value):
        raise ActionError(f"scope: vni is a list of numbers from 1 to {_VNI_MOST}, not {quoted(value)}")
    _check_size(value, "vni")
    return frozenset(value)


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    given = mapping(value, "scope: label")
    if not given or not all(isinstance(one, str) and one for pair in given.items() for one in pair):
        raise ActionError(f"scope: label is an object of texts, not {quoted(value)}")
    _check_size(given, "label")
    _check_names([one for pair in given.items() for one in pair], "label")
    return tuple(sorted(given.items()))


def _check_names(values: Iterable[str], name: str) -> None:
    if wrong := next((one for one in values if len(one) > _LENGTH or not one.isprintable()), None):
        raise ActionError(f"scope: {name} {quoted(wrong)} is no name")


def _check_size(values: Iterable[object], name: str) -> None:
    if (count := len(list(values))) > MOST:
        raise ActionError(f"scope: {name} has {count} values, {MOST} at most")
