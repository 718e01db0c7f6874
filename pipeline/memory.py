"""How the process keeps its memory."""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_TOP_PAD: Final = -2
_M_MMAP_THRESHOLD: Final = -3
_KEEP: Final = 1 << 30
_STEP: Final = 64 << 20


def keep_freed_memory() -> None:
    """Let the C library keep what a batch frees for the next batch, which needs as much again.

    By default it gives large arrays, and what is free at the top, back to the kernel, which then has to clear
    the same pages again and again: a third of the system time of a replica. See mallopt(3); without effect
    where there is none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, octets in (
            (_M_MMAP_THRESHOLD, _KEEP),
            (_M_TRIM_THRESHOLD, _KEEP),
            (_M_TOP_PAD, _STEP),
        ):
            mallopt(parameter, octets)
