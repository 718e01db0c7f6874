"""A batch of Kafka records as the pipeline reads it: four parallel sequences, nothing parsed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Records of one fabric's topic, in offset order; the four fields are of equal length.

    Offsets rise strictly but may have holes (transaction markers, compaction).
    """

    offsets: npt.NDArray[np.int64]
    timestamps_ms: npt.NDArray[np.int64]
    """Kafka's record timestamps, milliseconds since the epoch."""
    keys: list[str]
    """Target names; empty for a record without a key."""
    values: list[bytes]
    """``fabricscope.v1.Record``; empty for a record without a value, which is no readable record."""

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.values)
