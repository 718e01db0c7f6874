"""A scenario played on a fabric, in virtual time."""

from collections.abc import Sequence

from targets.simulated.agenda import SECOND
from targets.simulated.fabric import Fabric
from targets.simulated.scenarios import Step
from targets.simulated.verbs import do


def plan_steps(fabric: Fabric, steps: Sequence[Step], start_ns: int) -> None:
    """Plan the steps of a scenario that begins at a time."""
    for step in steps:
        fabric.agenda.at(
            start_ns + round(step.at_s * SECOND),
            lambda now, step=step: do(fabric, step.verb, step.words, now),  # type: ignore[misc]  # mypy takes a bound default for a second argument
        )
