"""Whether a replica may speak for a fabric: not before it knows it as it is now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PRESENT: Final = timedelta(seconds=60)
"""A replica that knows a fabric only as it was longer ago says nothing of it."""
STARTS_AWAITED: Final = timedelta(minutes=15)
"""How long after catch-up a session may keep a replica silent whose start isn't in the topic. Its family is
blind until it is renewed, which may take a day."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replica is with a fabric; clocks are those of the wall."""

    next_offset: int
    """Of the first record that is not in the store."""
    end: int | None
    """Offset behind the last record when the replica started; None: not yet known."""
    stream_time: datetime | None
    """The fabric's now; None before the first record."""
    unread_starts: int
    """Live sessions whose start was not read."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of one fabric's catching up."""

    caught_up_at: datetime | None = None
    open: bool = False
    """Caught up, and starts read or waited for long enough: once true it stays so."""

    def after(self, progress: Progress, now: datetime) -> "Gate":
        """Return the gate after a look at the progress."""
        if self.open:
            return self
        if progress.end is None or progress.next_offset < progress.end:
            return Gate()
        since = self.caught_up_at or now
        return Gate(since, not progress.unread_starts or now - since >= STARTS_AWAITED)

    def held(self, progress: Progress, now: datetime) -> str | None:
        """Return why nothing may be said, in words; None: speak."""
        if self.caught_up_at is None:
            behind = "" if progress.end is None else f", {progress.end - progress.next_offset} records to go"
            return f"catching up{behind}"
        if not self.open:
            return f"the start of {progress.unread_starts} live sessions is not read yet"
        if progress.stream_time is None:
            return "nothing was read yet"
        age = now - progress.stream_time
        if age > PRESENT:
            return f"the last record read is {age.total_seconds():.0f} s old"
        return None
