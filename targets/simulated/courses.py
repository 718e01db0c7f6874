"""How the incidents on one subject should go: opened, raised and resolved after their waiting times.

The waiting times are those of the rule catalogue, written down here once more: what checks the pipeline must
not ask it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from targets.simulated.agenda import SECOND

Field = str | int
CLEAR_NS: Final = 5 * SECOND
"""A rule on a state has to be false for so long."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue, as far as it has to be known to expect it."""

    id: str
    wait_ns: int = 0
    sooner_ns: int = 0
    """It may speak so much before its time: nobody knows when a silent device was heard last."""


FAMILIES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "uplinks": (Rule("R16", 5 * SECOND), Rule("R15", 3 * SECOND)),
    "segment": (Rule("R4", 5 * SECOND), Rule("R5", 5 * SECOND)),
    "vtep": (Rule("V1", 5 * SECOND),),
    "silence": (Rule("X1", 15 * SECOND, sooner_ns=5 * SECOND),),
    "verdict": (Rule("M13"),),
    "mobility": (Rule("M3"), Rule("M2")),
    "link": (Rule("L1"),),
    "lag": (Rule("L2", 5 * SECOND),),
    "bfd": (Rule("L4"),),
    "isis": (Rule("L5", 3 * SECOND),),
    "lldp": (Rule("L6"),),
}
"""Rules by family, the weakest first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An incident should open, be raised or resolve."""

    time_ns: int
    """From then on it can be decided."""
    kind: Literal["expect", "expect-raise", "expect-clear"]
    number: int
    rule: Rule
    subject: Mapping[str, Field]
    caused_ns: int


@dataclass(slots=True)
class Course:
    """One subject in one family; levels count its rules, 0: nothing is wrong."""

    family: str
    subject: Mapping[str, Field]
    _since: dict[int, int] = field(default_factory=dict)
    _told: int = 0
    _number: int = 0
    _false_ns: int | None = None

    def set(self, level: int, time_ns: int) -> None:
        """Take the level from a time on."""
        for each in range(1, len(FAMILIES[self.family]) + 1):
            if level >= each:
                self._since.setdefault(each, time_ns)
            else:
                self._since.pop(each, None)
        if level:
            self._false_ns = None
        elif self._told and self._false_ns is None:
            self._false_ns = time_ns

    def clear_at(self, time_ns: int) -> None:
        """Take when nothing more will have happened for long enough, of rules on what happens."""
        self._false_ns = time_ns - CLEAR_NS

    def hold(self) -> None:
        """Nothing is over while nobody sees."""
        self._false_ns = None

    def next_ns(self) -> int | None:
        """Return when the next turn is due, None if nothing is to come by itself."""
        return min((turn.time_ns for turn in self._due()), default=None)

    def turns(self, until_ns: int, numbers: Iterator[int]) -> Iterator[Turn]:
        """Yield the turns due by a time, in order."""
        while due := [turn for turn in self._due() if turn.time_ns <= until_ns]:
            first = min(turn.time_ns for turn in due)
            # of rules that speak at once the strongest does
            turn = [turn for turn in due if turn.time_ns == first][-1]
            if turn.kind == "expect-clear":
                self._told, self._false_ns, self._since = 0, None, {}
                yield turn
                continue
            level = FAMILIES[self.family].index(turn.rule) + 1
            if not self._told:
                self._number = next(numbers)
            yield Turn(turn.time_ns, turn.kind, self._number, turn.rule, self.subject, turn.caused_ns)
            self._told = level

    def _due(self) -> Iterator[Turn]:
        rules = FAMILIES[self.family]
        for level, since in self._since.items():
            rule = rules[level - 1]
            if level > self._told:
                kind: Literal["expect", "expect-raise"] = "expect-raise" if self._told else "expect"
                yield Turn(since + rule.wait_ns, kind, self._number, rule, self.subject, since)
        if self._told and self._false_ns is not None:
            strongest = rules[self._told - 1]
            yield Turn(
                self._false_ns + CLEAR_NS,
                "expect-clear",
                self._number,
                strongest,
                self.subject,
                self._false_ns,
            )
