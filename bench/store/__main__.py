"""A month of a large fabric in a store, and what questions to it cost: ``python -m bench.store``."""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import figures
from bench.figures import Figure
from bench.store import load, questions
from bench.store.make import Size, make, truth_of
from collectors.errors import FabricscopeError


def main() -> None:
    """Make the store unless it is there, ask, write beside clients; print one table and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.store", description="Measure questions about the past on a generated store."
    )
    for name, value, what in (
        ("events", Size.events, "route events"),
        ("macs", Size.macs, "MACs"),
        ("leaves", Size.leaves, "leaves"),
        ("days", Size.days, "days"),
        ("seconds", 60, "how long to write, alone and then beside clients"),
    ):
        parser.add_argument(f"--{name}", type=int, default=value, metavar="N", help=f"{what} ({value:,})")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".cache/store"),
        metavar="DIR",
        help="where the store is kept (.cache/store)",
    )
    parser.add_argument(
        "--json", type=Path, default=Path("bench.json"), metavar="FILE", help="where the figures go"
    )
    parser.add_argument("--only", choices=("make", "questions", "load"), help="one of the parts")
    options = parser.parse_args()
    console = Console()
    size = Size(options.events, options.macs, options.leaves, options.days)
    path = options.folder / f"{size.events}-{size.macs}-{size.leaves}-{size.days}.duckdb"
    if not truth_of(path).exists():
        try:
            make(path, size, console.print)
        except FabricscopeError as error:
            parser.exit(1, f"error: {error}\n")
    done = []
    parts: dict[str, Callable[[Path], Iterator[Figure]]] = {
        "questions": questions.measure,
        "load": partial(load.measure, seconds=options.seconds),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            for figure in part(path):
                console.print(f"{figure.what}: {figure.median:,.4g} {figure.unit}", figure.details or "")
                done.append(figure)
    if done:
        figures.show(done, console)
        figures.write_json(options.json, done)


if __name__ == "__main__":
    main()
