"""All benchmarks: ``python -m bench [--quick] [--json FILE]``."""

import argparse
from pathlib import Path

from rich.console import Console

from bench import collector, decode, figures, state_size, throughput
from bench.figures import Figure


def main() -> None:
    """Run the benchmarks, print one table and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure decode, throughput and state size."
    )
    parser.add_argument(
        "--quick", action="store_true", help="small loads, one run each: does it work, not how fast is it"
    )
    parser.add_argument(
        "--json", type=Path, default=Path("bench.json"), metavar="FILE", help="where the figures go"
    )
    parser.add_argument("--only", choices=BENCHES, help="one of the benchmarks")
    options = parser.parse_args()
    console = Console()
    done: list[Figure] = []
    for name, bench in BENCHES.items():
        if options.only in (None, name):
            for figure in bench(quick=options.quick):
                console.print(f"{figure.bench}: {figure.what}: {figure.median:,.4g} {figure.unit}")
                done.append(figure)
    figures.show(done, console)
    figures.write_json(options.json, done)


BENCHES = {
    "decode": decode.measure,
    "throughput": throughput.measure,
    "state-size": state_size.measure,
    "collector": collector.measure,
}

if __name__ == "__main__":
    main()
