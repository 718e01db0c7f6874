"""A scenario played on a fabric in virtual time: what a collector would have written, and the truth."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from collectors.records import StoredRecord
from targets.simulated.agenda import SECOND
from targets.simulated.captured import Captured
from targets.simulated.fabric import Fabric
from targets.simulated.news import Note
from targets.simulated.scenarios import Scenario, Step, steps_of
from targets.simulated.truth import Line, Truth
from targets.simulated.verbs import do

Act = Callable[[Fabric, str, Sequence[str], int], None]
"""Does something to a fabric: verb, words and time."""

START_NS: Final = 1_767_225_600 * SECOND
"""When virtual time begins, the start of 2026: the same scenario and seed give the same bytes."""
LEAD_NS: Final = 5 * SECOND
"""Before a scenario everybody is heard of once."""


def schedule(fabric: Fabric, steps: Sequence[Step], start_ns: int, act: Act = do) -> None:
    """Plan the steps of a scenario that begins at a time; ``act`` does one."""
    for step in steps:
        due = start_ns + round(step.at_s * SECOND)
        fabric.agenda.at(due, partial(act, fabric, step.verb, step.words))


def recorded(
    fabric: Fabric, scenario: Scenario, seed: int, version: str, lines: list[Line]
) -> Iterator[StoredRecord]:
    """Yield the records of a scenario; append its ground truth to ``lines``.

    Raises InputError for a fabric too small for the scenario.
    """
    start_ns = START_NS + LEAD_NS
    end_ns = start_ns + round(scenario.seconds * SECOND)
    schedule(fabric, steps_of(scenario, fabric.plan, seed), start_ns)
    truth = Truth(fabric.plan)
    lines.append(truth.begin(start_ns, scenario=scenario.name, seed=seed))
    notes: list[Note] = []
    for record in Captured(fabric, version).records(START_NS, end_ns, notes):
        for note in notes:
            lines += truth.take(note)
        notes.clear()
        yield record
    lines += truth.finish(end_ns)
