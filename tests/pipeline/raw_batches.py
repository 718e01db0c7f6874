"""Raw batches to test with."""

import numpy as np

from pipeline.batch import RawBatch


def numbered(first: int, count: int) -> RawBatch:
    offsets = np.arange(first, first + count, dtype=np.int64)
    names = [str(offset) for offset in offsets.tolist()]
    return RawBatch(offsets, offsets * 1_000, names, [name.encode() for name in names])


def content(batch: RawBatch) -> list[tuple[int, int, str, bytes]]:
    columns = (batch.offsets.tolist(), batch.timestamps_ms.tolist(), batch.keys, batch.values)
    return list(zip(*columns, strict=True))
