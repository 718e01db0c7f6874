"""What a scenario has to show, played in virtual time: so that a live one that told less is noticed."""

from collections import Counter
from collections.abc import Iterable

from demo.expectations import Expectation, expectations_of
from demo.truth import action_of
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.play import recorded
from targets.simulated.scenarios import SCENARIOS
from targets.simulated.truth import Line


def promised(scenario: str, seed: int) -> list[Expectation]:
    """Return what must be found in a scenario, from the same fabric and seed without a network in between."""
    lines: list[Line] = []
    for _ in recorded(Fabric.build(Design(), seed), SCENARIOS[scenario], seed, "promise", lines):
        pass  # only what it did counts here
    return expectations_of(map(action_of, lines))


def missing(promise: Iterable[Expectation], told: Iterable[Expectation]) -> list[str]:
    """Return in words what was promised and not told of, or told of and not promised."""
    wanted, got = Counter(map(_words, promise)), Counter(map(_words, told))
    absent = [f"{words} was to be caused and was not" for words in (wanted - got).elements()]
    return absent + [f"{words} was caused and was not planned" for words in (got - wanted).elements()]


def _words(expectation: Expectation) -> str:
    subject = " ".join(f"{name} {value}" for name, value in sorted(expectation.subject.items()))
    return f"{expectation.rule} ({subject})"
