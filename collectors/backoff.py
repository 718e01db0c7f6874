"""How long to wait before the next attempt: longer each time, never in step with others, without end."""

from dataclasses import dataclass
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0
REFUSED_S: Final = 300.0
"""A target that refuses is asked again this seldom: an answer changes when somebody changes the target."""
MOST_DOUBLINGS: Final = 16


@dataclass(slots=True)
class Backoff:
    """The waits of one series of attempts; a success ends the series.

    ``chance`` is a number from 0 to 1, drawn anew by the caller for each wait: half of a wait is fixed, half
    is left to chance, so that a thousand sessions cut at once don't come back at once.
    """

    failures: int = 0

    def failed(self, chance: float) -> float:
        """Note a failure and return how many seconds to wait."""
        longest = min(LONGEST_S, FIRST_S * 2 ** min(self.failures, MOST_DOUBLINGS))
        self.failures += 1
        return jittered(longest, chance)

    def succeeded(self) -> None:
        """End the series: the next wait is short again."""
        self.failures = 0


def jittered(longest_s: float, chance: float) -> float:
    """Return a time between half of ``longest_s`` and all of it."""
    return longest_s * (0.5 + 0.5 * chance)
