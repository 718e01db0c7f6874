"""What every stage knows of the records of a batch: whose they are, when they were, whether they count."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LATENESS: Final = timedelta(seconds=10)
"""A row up to this far behind the stream re-evaluates its key; an older one changes no incident."""

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def us(span: timedelta) -> int:
    """Return a span in microseconds."""
    return span // timedelta(microseconds=1)


@dataclass(frozen=True)
class Records:
    """One element per record of a batch, in offset order; times in microseconds since the epoch."""

    offset: npt.NDArray[np.int64]
    now: Times
    """Highest record timestamp of the fabric up to here: the only clock there is."""
    record_time: Times
    recv_time: Times
    event_time: Times
    """Device clock; the collector's where the device gave none."""
    valid_time: Times
    """When what it says began to hold: event time, by the collector's clock if the device's is skewed."""
    session_clock: Times
    """How long the session went on, microseconds; what entities of sampled paths age by."""
    order_time: Times
    """Orders the record against other devices' records; never behind ``now`` by more than the lateness."""
    late: Flags
    device: npt.NDArray[np.uint32]
    """Code of the name."""
    family: npt.NDArray[np.uint32]
    session: npt.NDArray[np.int64]
    """A session's number is the offset of its first record."""
    accepted: Flags
    """Not of an ended session, not seen before."""
    dump: Flags
    """Says what was there already, not that something happened: before the sync, or after a hole."""
    known_until: Times
    """Of a dump: up to when the observer had heard the device before it went blind; 0: never before."""
    kind: npt.NDArray[np.uint8]
    """``collectors.records.Kind``."""

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.offset)

    def take(self, name: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return an attribute at record numbers ``rows``."""
        values: npt.NDArray[Any] = getattr(self, name)
        return values.take(rows)
