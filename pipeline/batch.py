"""A batch of records as it comes from a topic or a capture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Records of one fabric's topic in offset order, column by column; the four fields are of equal length.

    Offsets rise strictly but may have holes (transaction markers, compaction). Together the values stay below
    2 GiB, Arrow's limit.
    """

    offsets: npt.NDArray[np.int64]
    timestamps_ms: npt.NDArray[np.int64]
    """Kafka's record timestamps, milliseconds since the epoch."""
    keys: list[str]
    """Names of the devices (of a tick: the collector); empty for a record without a key."""
    values: list[bytes]
    """``fabricscope.v1.Record``, not yet looked at; empty for a record without a value."""

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.values)


def concatenate(batches: Sequence[RawBatch]) -> RawBatch:
    """Return batches that follow each other as one."""
    if len(batches) == 1:
        return batches[0]
    return RawBatch(
        offsets=np.concatenate([batch.offsets for batch in batches]),
        timestamps_ms=np.concatenate([batch.timestamps_ms for batch in batches]),
        keys=[key for batch in batches for key in batch.keys],
        values=[value for batch in batches for value in batch.values],
    )


def cut(batch: RawBatch, start: int, end: int) -> RawBatch:
    """Return the records from ``start`` up to, not including, ``end``."""
    if start == 0 and end >= len(batch):
        return batch
    return RawBatch(
        batch.offsets[start:end],
        batch.timestamps_ms[start:end],
        batch.keys[start:end],
        batch.values[start:end],
    )
