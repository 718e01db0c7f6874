"""Pages of incidents in a document: what ``fabricscope incident show`` prints of scenarios.

A block of a document that begins with ``<!-- incident: SCENARIO RULE -->`` is followed by the page of the
first incident of that rule that no other explains. ``python -m scenarios.incident_pages FILE`` renews all.
"""

import re
import sys
import tempfile
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

_BLOCK: Final = re.compile(r"<!-- incident: (\S+) (\S+) -->\n```text\n.*?```\n", re.DOTALL)
_WIDTH: Final = 110
"""As where ``incident show`` has no terminal."""


def renewed(document: str) -> str:
    """Return a document with its pages as the rules make them now.

    Raises LookupError for a scenario or an incident that isn't there.
    """
    return _BLOCK.sub(lambda found: _block(found[1], found[2]), document)


def _block(scenario: str, rule: str) -> str:
    shown = "\n".join(line.rstrip() for line in shown_of(scenario, rule).splitlines())
    return f"<!-- incident: {scenario} {rule} -->\n```text\n{shown}\n```\n"


def shown_of(scenario: str, rule: str) -> str:
    """Return the page of the first incident of a rule, as text."""
    with tempfile.TemporaryDirectory(prefix="fabricscope-page-") as folder:
        path = Path(folder) / "store.duckdb"
        files = {file.stem: file for file in library()}
        store(read_scenario(files[scenario]), path)
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
