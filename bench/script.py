"""What the devices of a stream say, as columns: many records of one form at a time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from bench import fabric, forms
from bench.fabric import LEAVES, VNIS, Ints
from bench.messages import Template, count_updates
from collectors.records import Kind

Layout = Literal["entries", "leaves", "single"]
"""The updates of a notification: one leaf of each of ten entries, five leaves of each of two, or just one."""
SLOTS: Final[dict[Layout, int]] = {"entries": 10, "leaves": 2, "single": 1}
BETWEEN_OBSERVERS_NS: Final = 20_000_000
_BETWEEN_NOTIFICATIONS_NS: Final = 1_000


@dataclass(frozen=True)
class Part:
    """Records of one form: ``time``, ``session`` and ``group`` per record, the others per record and slot."""

    form: Template
    time: Ints
    session: Ints
    group: Ints
    macs: Ints
    attr: Ints
    ext: Ints
    seq: Ints


@dataclass(frozen=True)
class Line:
    """One record of its own."""

    time: int
    session: int
    """-1: a tick."""
    kind: Kind
    content: bytes


@dataclass
class Script:
    """What is said, in any order; ``sessions`` are (device, family)."""

    sessions: list[tuple[str, str]]
    observers: int
    layout: Layout
    parts: list[Part] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    updates: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    """Rows that the changes of each entity make."""

    def __post_init__(self) -> None:
        self._number = {session: number for number, session in enumerate(self.sessions)}
        self._of_spine = np.array(
            [self._number[fabric.spine_name(s), "routes"] for s in range(self.observers)]
        )
        self._of_leaf = np.array([self._number[fabric.leaf_name(leaf), "mac"] for leaf in range(LEAVES)])

    def tick(self, time: int) -> None:
        """Say that time passes."""
        self.lines.append(Line(time, -1, Kind.TICK, b""))

    def start(self, time: int, device: str, family: str, content: bytes) -> None:
        """Open a session."""
        self.lines.append(Line(time, self._number[device, family], Kind.START, content))

    def say(self, time: int, device: str, family: str, response: bytes, **facts: int) -> None:
        """Say one response, which makes so many facts per entity."""
        self.lines.append(Line(time, self._number[device, family], Kind.RESPONSE, response))
        self.updates += count_updates(response)
        self.facts.update(facts)

    def route_change(self, time: Ints, spine: Ints, macs: Ints, group: Ints, variant: Ints) -> None:
        """Let spines tell another attribute set of routes, 0 or 1; in layout leaves with all their leaves."""
        leaves = forms.ROUTE_LEAVES if self.layout == "leaves" else ("attr-index",)
        form = forms.routes(macs.shape[1], leaves)
        self._routes(form, time, spine, macs, group, variant=variant, sequence=np.zeros_like(macs))

    def mac_change(self, time: Ints, macs: Ints, group: Ints, sequence: Ints) -> None:
        """Let leaves tell another sequence number of l2rib entries; in layout leaves with all leaves."""
        leaves = forms.MAC_LEAVES if self.layout == "leaves" else ("seq-number",)
        self._macs(forms.macs(macs.shape[1], leaves), time, macs, group, sequence)

    def announce_routes(self, time: Ints, spine: int, macs: Ints, group: Ints, sequence: Ints) -> None:
        """Let a spine tell all leaves of routes."""
        at = np.full(len(time), spine)
        for columns, leaves, when in self._notifications(macs, forms.ROUTE_LEAVES, time):
            form = forms.routes(len(columns), leaves)
            part = macs[:, columns]
            nothing = np.zeros_like(part)
            self._routes(form, when, at, part, group, variant=nothing, sequence=sequence[:, columns])

    def announce_macs(self, time: Ints, macs: Ints, group: Ints, sequence: Ints) -> None:
        """Let the leaves of groups tell all leaves of l2rib entries."""
        for columns, leaves, when in self._notifications(macs, forms.MAC_LEAVES, time):
            form = forms.macs(len(columns), leaves)
            self._macs(form, when, macs[:, columns], group, sequence[:, columns])

    def withdraw(self, time: Ints, macs: Ints, group: Ints) -> None:
        """Let all who told of MACs in a group withdraw them."""
        for columns, _, when in self._notifications(macs, (), time):
            part = macs[:, columns]
            nothing = np.zeros_like(part)
            for spine in range(self.observers):
                at = np.full(len(time), spine)
                later, form = when + spine * BETWEEN_OBSERVERS_NS, forms.routes_gone(len(columns))
                self._routes(form, later, at, part, group, variant=nothing, sequence=nothing)
            self._macs(forms.macs_gone(len(columns)), when, part, group, nothing)
            if self.layout == "single":
                # leaves of an entry that come without its producer's are a row of their own
                self.facts["mac"] += part.size

    def moved(self, time: Ints, macs: Ints, old: Ints, new: Ints, sequence: Ints) -> None:
        """Announce MACs in a new group with a sequence number, then withdraw them from the old one."""
        self.announce_macs(time - 5_000_000, macs, new, sequence)
        for spine in range(self.observers):
            self.announce_routes(time + spine * BETWEEN_OBSERVERS_NS, spine, macs, new, sequence)
        self.withdraw(time + 100_000_000, macs, old)

    def _notifications(
        self, macs: Ints, leaves: tuple[str, ...], time: Ints
    ) -> list[tuple[list[int], tuple[str, ...], Ints]]:
        """Return columns of ``macs``, leaves and time of each notification that tells of them."""
        if self.layout != "single":
            return [(list(range(macs.shape[1])), leaves, time)]
        portions = [((leaf,) if leaf else ()) for leaf in leaves or ("",)]
        every = [([column], portion) for column in range(macs.shape[1]) for portion in portions]
        return [(*one, time + number * _BETWEEN_NOTIFICATIONS_NS) for number, one in enumerate(every)]

    def _routes(
        self,
        form: Template,
        time: Ints,
        spine: Ints,
        macs: Ints,
        group: Ints,
        *,
        variant: Ints,
        sequence: Ints,
    ) -> None:
        attr = fabric.FIRST_ATTR + 2 * (group // VNIS)[:, None] + variant
        ext = fabric.FIRST_EXT + fabric.SEQUENCES * (group % VNIS)[:, None] + sequence
        self._add(Part(form, time, self._of_spine[spine], group, macs, attr, ext, np.zeros_like(macs)))
        self.facts["evpn_route"] += macs.size

    def _macs(self, form: Template, time: Ints, macs: Ints, group: Ints, sequence: Ints) -> None:
        nothing = np.zeros_like(macs)
        self._add(Part(form, time, self._of_leaf[group // VNIS], group, macs, nothing, nothing, sequence))
        self.facts["mac"] += macs.size

    def _add(self, part: Part) -> None:
        self.parts.append(part)
        self.updates += part.form.updates * len(part.time)
