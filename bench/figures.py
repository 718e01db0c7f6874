"""What a benchmark measured: figures with the runs behind them, as a table and as JSON."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One thing measured."""

    bench: str
    what: str
    unit: str
    runs: tuple[float, ...]
    """What each run gave; the median counts."""
    goal: str = ""
    reached: bool | None = None
    """None: no goal."""
    details: dict[str, Any] = field(default_factory=dict)  # Any: JSON

    @property
    def median(self) -> float:
        """Return the median of the runs."""
        return median(self.runs)


def machine() -> dict[str, Any]:  # Any: JSON
    """Return the class of this machine."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else ""
    return {
        "cpus": os.cpu_count(),
        "cpu": model,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def write_json(path: Path, figures: Iterable[Figure]) -> None:
    """Write all figures with their medians."""
    content = {
        "machine": machine(),
        "figures": [
            {
                "bench": figure.bench,
                "what": figure.what,
                "median": figure.median,
                "unit": figure.unit,
                "runs": list(figure.runs),
                "goal": figure.goal,
                "reached": figure.reached,
                "details": figure.details,
            }
            for figure in figures
        ],
    }
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def show(figures: Iterable[Figure], console: Console) -> None:
    """Print the figures as one table."""
    table = Table("bench", "what", "median", "from - to", "goal", "")
    for figure in figures:
        spread = f"{_number(min(figure.runs))} - {_number(max(figure.runs))}" if len(figure.runs) > 1 else ""
        verdict = {None: "", True: "reached", False: "missed"}[figure.reached]
        table.add_row(
            figure.bench, figure.what, f"{_number(figure.median)} {figure.unit}", spread, figure.goal, verdict
        )
    console.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
