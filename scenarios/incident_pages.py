"""Pages of incidents in a document: what ``fabricscope incident show`` prints of scenarios.

``<!-- incident: SCENARIO RULE at SECOND -->`` is followed by the page of the first incident of that rule that
no other explains, as it is at that second of the scenario. ``python -m scenarios.incident_pages FILE`` renews
all pages of a document.
"""

import re
import sys
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from pipeline.desk.options import clock
from pipeline.desk.reading import from_store, with_findings
from pipeline.desk.seen import short_ids
from pipeline.desk.shown import page
from pipeline.desk.source import time_of
from pipeline.guides.registry import GUIDES
from scenarios.library import library
from scenarios.playing import store
from scenarios.reading import read_scenario
from scenarios.scenario import Simulation

_BLOCK: Final = re.compile(r"<!-- incident: (\S+) (\S+) at (\d+) -->\n```text\n.*?```\n", re.DOTALL)
_WIDTH: Final = 110
"""As where ``incident show`` has no terminal."""


def renewed(document: str) -> str:
    """Return a document with its pages as the rules make them now.

    Raises LookupError for a scenario or an incident that isn't there.
    """
    return _BLOCK.sub(lambda found: _block(found[1], found[2], int(found[3])), document)


def _block(scenario: str, rule: str, second: int) -> str:
    shown = "\n".join(line.rstrip() for line in shown_of(scenario, rule, second).splitlines())
    return f"<!-- incident: {scenario} {rule} at {second} -->\n```text\n{shown}\n```\n"


def shown_of(scenario: str, rule: str, second: int) -> str:
    """Return the page of the first incident of a rule at a second of a simulated scenario, as text."""
    with tempfile.TemporaryDirectory(prefix="fabricscope-page-") as folder:
        path = Path(folder) / "store.duckdb"
        read = read_scenario({file.stem: file for file in library()}[scenario])
        assert isinstance(read.played, Simulation), "recordings are not in the library"
        store(replace(read, played=replace(read.played, seconds=second)), path)
        incidents = from_store(path, frozenset())
        mine = (one for one in incidents.values() if one.row["rule"] == rule)
        roots = [one for one in mine if one.row["root_incident_id"] in (None, one.id)]
        if not roots:
            raise LookupError(f"scenario {scenario} has no incident of rule {rule} that stands for itself")
        seen = with_findings(path, roots[0])
        time = time_of(path, frozenset(), clock())  # as of the store's end: scenarios are of the past
    out = StringIO()
    Console(file=out, width=_WIDTH, highlight=False).print(
        page(seen, incidents, GUIDES.get(rule), time, short_ids(incidents)),
        crop=False,
    )
    return out.getvalue()


def main(path: Path) -> None:
    """Renew the pages of a file."""
    path.write_text(renewed(path.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
