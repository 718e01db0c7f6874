"""Maintenance windows that cover what works cause, and no more, and the commands that declare them."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline.actions.scope import MOST, Scope
from pipeline.whatif.compare import Row
from pipeline.whatif.drain import Target

_NO_ID: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Window:
    """One window."""

    name: str
    scope: Scope

    def command(self, fabric: str, reason: str, when: Sequence[str]) -> str:
        """Return the command that declares it; where Kafka is comes from FABRICSCOPE_KAFKA."""
        words = ["fabricscope", "maintenance", "add", self.name, reason, "--fabric", fabric]
        for option in ("device", "interface", "esi"):
            for value in sorted(getattr(self.scope, option)):
                words += [f"--{option}", value]
        for vni in sorted(self.scope.vni):
            words += ["--vni", str(vni)]
        return shlex.join([*words, *when])


def windows_for(target: Target, caused: Iterable[Row]) -> list[Window]:
    """Return the fewest windows that cover the incidents: none is about more than what they are about.

    One is always about what is taken out, as narrow as that is.
    """
    ports: dict[str, set[str]] = defaultdict(set)
    devices: set[str] = set()
    esis: set[str] = set()
    vnis: set[int] = set()
    own = Scope(device=frozenset({target.device}), interface=target.interfaces)
    for row in caused:
        if own.covers(row, {}):
            continue
        if row["device"] is not None and row["interface"] is not None:
            ports[row["device"]].add(row["interface"])
        elif row["esi"] is not None:
            esis.add(row["esi"])
        elif row["device"] is not None:
            devices.add(row["device"])
        elif row["vni"] is not None:
            vnis.add(row["vni"])
    name = _NO_ID.sub("-", f"drain-{target.words()}")
    found = [Window(name, own)]
    found += [Window(f"{name}-es{at}", Scope(esi=part)) for at, part in _parts(esis)]
    found += [Window(f"{name}-vni{at}", Scope(vni=part)) for at, part in _parts(vnis)]
    found += [Window(f"{name}-at{at}", Scope(device=part)) for at, part in _parts(devices)]
    for device, interfaces in sorted(ports.items()):
        if device not in devices:
            label = _NO_ID.sub("-", f"{name}-at-{device}")
            scope = Scope(device=frozenset({device}), interface=frozenset(interfaces))
            found.append(Window(label, scope))
    return found


def uncovered(windows: Sequence[Window], caused: Iterable[Row]) -> list[Row]:
    """Return the incidents that no window covers: none of their subject's parts can be named."""
    labels: Mapping[str, str] = {}
    return [row for row in caused if not any(one.scope.covers(row, labels) for one in windows)]


def _parts(values: set[Any]) -> list[tuple[str, frozenset[Any]]]:  # Any: names or numbers
    """Return the values in parts that one scope may have, each with the end of its window's id."""
    ordered = sorted(values)
    parts = [ordered[at : at + MOST] for at in range(0, len(ordered), MOST)]
    return [("" if at == 0 else f"-{at + 1}", frozenset(part)) for at, part in enumerate(parts)]
