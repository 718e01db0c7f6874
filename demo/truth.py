"""What was done to a recorded fabric, from its ``truth.jsonl``: actions, and deeds made of them.

An action is a line: ``ts`` (unix seconds), ``action`` (its kind) and fields that say what it was done to. A
deed is what people call one thing: all moves of a MAC in a row, or a link that went down and came up again.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pipeline.detectors.moves import WINDOW

ATTACH: Final = "host-attach"
_FRAME: Final = ("start", "chatter", "end")
"""Kinds that mark the recording, or what goes on in it all the time, and do nothing to be looked at."""
_GAP_S: Final = WINDOW // timedelta(seconds=1)
"""A MAC left alone for so long, the window of the mobility rules, starts another deed."""


class TruthError(ValueError):
    """A line that is no action; the message says which and why."""


@dataclass(frozen=True)
class Action:
    """One thing done to the fabric."""

    time: float
    """Unix seconds."""
    kind: str
    fields: Mapping[str, Any]  # Any: JSON

    def text(self, name: str) -> str | None:
        """Return a field as text, None if the line has none."""
        value = self.fields.get(name)
        return None if value is None else str(value)

    @property
    def restores(self) -> bool:
        """Whether it ends what an action before began: a link comes up, a daemon starts or goes on."""
        return self.kind.endswith(("-up", "-start")) or self.fields.get("sig") == "SIGCONT"

    @property
    def thing(self) -> tuple[str | None, str | None]:
        """Node and the part of it that this is about: an interface or a daemon."""
        daemon = self.text("daemon") or (self.kind.removesuffix("-start") if self.restores else None)
        return self.text("node"), self.text("ifname") or daemon


@dataclass(frozen=True)
class Deed:
    """Actions that belong together, in the order of their times; at least one."""

    steps: Sequence[Action]

    @property
    def start(self) -> float:
        """Unix seconds of the first step."""
        return self.steps[0].time

    @property
    def end(self) -> float | None:
        """Unix seconds of the last step; None for what was done to a node and never undone."""
        return self.steps[-1].time if self.restored or self.of_hosts else None

    @property
    def restored(self) -> bool:
        """Whether the last step undid the others."""
        return not self.of_hosts and self.steps[-1].restores

    @property
    def of_hosts(self) -> bool:
        """Whether it was done to hosts: it lasts as long as its steps."""
        return "mac" in self.steps[0].fields

    def field(self, name: str) -> str | None:
        """Return a field of the first step that has it."""
        return next((text for step in self.steps if (text := step.text(name)) is not None), None)

    @property
    def plain_life(self) -> bool:
        """Whether it is what hosts do all the time: come, go, or move once."""
        once = len(self.steps) == 1 and self.steps[0].kind in ("mac-move", "host-detach")
        return self.of_hosts and (once or all(step.kind == ATTACH for step in self.steps))

    @property
    def labels(self) -> list[str]:
        """What the recording's author called it: distinct, in order, without the undoing."""
        steps = self.steps[:-1] if self.restored and len(self.steps) > 1 else self.steps
        return list(dict.fromkeys(text for step in steps if (text := step.text("label")) is not None))


@dataclass(frozen=True)
class Truth:
    """All that was done, in the order of time."""

    actions: Sequence[Action] = ()

    @property
    def start(self) -> float | None:
        """Unix seconds of the recording's zero: its line ``start``, else its first action."""
        marks = [action.time for action in self.actions if action.kind == "start"]
        return next(iter(marks or [action.time for action in self.actions]), None)

    @property
    def end(self) -> float | None:
        """Unix seconds of the recording's line ``end``, None if it has none."""
        return next((action.time for action in self.actions if action.kind == "end"), None)

    def until(self, time: float) -> list[Deed]:
        """Return the deeds as far as they had been done at a time."""
        return deeds_of(action for action in self.actions if action.time <= time)


def truth_of(lines: Iterable[bytes]) -> Truth:
    """Return the actions of the lines of a ``truth.jsonl``; raises TruthError."""
    actions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise TruthError(f"line {number} is no JSON: {error}") from error
        if not isinstance(fields, dict):
            raise TruthError(f"line {number} is no JSON object")
        try:
            actions.append(action_of(fields))
        except TruthError as error:
            raise TruthError(f"line {number} {error}") from error
    return Truth(sorted(actions, key=lambda action: action.time))


def action_of(line: Mapping[str, Any]) -> Action:  # Any: JSON
    """Return the action that a line tells of; raises TruthError."""
    time, kind = line.get("ts"), line.get("action")
    if not isinstance(time, int | float) or isinstance(time, bool) or not isinstance(kind, str):
        raise TruthError("has no ts (unix seconds) or no action (its kind)")
    return Action(
        float(time), kind, {name: value for name, value in line.items() if name not in ("ts", "action")}
    )


def deeds_of(actions: Iterable[Action]) -> list[Deed]:
    """Return actions, given in the order of time, as deeds in the order of their first steps.

    Hosts that are attached are one deed; a MAC's actions are one as long as no gap is longer than the window
    of the mobility rules; an action on a node is one with the action that restores the same interface or
    daemon.
    """
    deeds: list[Deed] = []
    open_at: dict[object, int] = {}
    for action in actions:
        if action.kind in _FRAME:
            continue
        key = _key(action)
        at = open_at.get(key)
        if at is not None and _continues(deeds[at], action):
            deeds[at] = Deed([*deeds[at].steps, action])
            continue
        open_at[key] = len(deeds)
        deeds.append(Deed([action]))
    return deeds


def _key(action: Action) -> object:
    if action.kind == ATTACH:
        return ATTACH
    mac = action.text("mac")
    if mac is not None:
        return mac.lower()
    part = action.text("ifname") or action.text("daemon") or re.sub("-(down|up|start)$", "", action.kind)
    return action.text("node"), part


def _continues(deed: Deed, action: Action) -> bool:
    if deed.of_hosts:
        return action.time - deed.steps[-1].time <= _GAP_S
    return not deed.restored
