"""What a process took, as Linux tells it: all its threads, nothing of others."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds since the process began, and memory now."""

    cpu_s: float
    rss_mib: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Read it; raises OSError when there is no such process."""
        folder = Path("/proc", str(pid))
        return cls(cpu_s(folder.joinpath("stat").read_text()), rss_mib(folder.joinpath("status").read_text()))


def cpu_s(stat: str) -> float:
    """Return user and system seconds of a ``/proc/PID/stat``; a name in it may have spaces and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_mib(status: str) -> float:
    """Return the resident memory of a ``/proc/PID/status``."""
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
