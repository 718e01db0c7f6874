"""How long rows stay in the store: read from the same file as the rules' thresholds.

.. code-block:: yaml

    retention:                  # of every fabric
      facts: 30d                # changes and intervals, unless a table says otherwise
      evpn_route_event: 7d
    fabrics:
      dc1:
        retention:
          facts: 90d
          incident: 400d        # kept for ever unless something is said, as is what follows from people

The narrowest holds: a fabric's table, all fabrics' table, a fabric's facts, all fabrics' facts.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from collectors.inventory_yaml import document
from collectors.inventory_yaml.document import Node, Scalar
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.store.archive_tables import TABLES
from pipeline.store.retention import LEAST, Retention

_FACTS: Final = "facts"
_FOREVER: Final = "forever"
_MOST_DAYS: Final = 36_500

Times = dict[str, timedelta | None]


def read(file: Path | None, fabrics: Iterable[str], facts: timedelta | None) -> dict[str, Retention]:
    """Return the retention of each fabric; raises InputError with all mistakes of the file.

    Args:
        file: the settings, whose other parts ``settings_file`` reads; None: nothing is set.
        fabrics: names.
        facts: what holds for facts where the file says nothing; None: for ever.
    """
    names = list(fabrics)
    if file is None:
        return {name: _retention({_FACTS: facts}) for name in names}
    mistakes = Mistakes(str(file))
    root = _entries(document.parse(file.read_text(encoding="utf-8"), mistakes))
    everywhere = _times(root.get("retention"), mistakes)
    own = {
        name: _times(_entries(node).get("retention"), mistakes)
        for name, node in _entries(root.get("fabrics")).items()
    }
    mistakes.raise_if_any()
    return {name: _retention({_FACTS: facts, **everywhere, **own.get(name, {})}) for name in names}


def duration(text: str) -> timedelta | None:
    """Return a retention: days, or None for ``forever``; raises InputError for anything else."""
    if text == _FOREVER:
        return None
    found = re.fullmatch(r"([0-9]{1,6})d", text)
    days = int(found[1]) if found else 0
    if not LEAST.days <= days <= _MOST_DAYS:
        raise InputError(f"{shown(text)} is no retention: write days, as in 30d, at least 1d, or {_FOREVER}")
    return timedelta(days=days)


def _retention(times: Times) -> Retention:
    facts = times.pop(_FACTS)
    if facts is not None:
        return Retention(facts, times)
    # for ever, but for tables that say otherwise
    return Retention(tables={**{table: None for table, of in TABLES.items() if not of.kept}, **times})


def _entries(node: Node | None) -> dict[str, Node]:
    """Return what a mapping holds; what is none has been refused by who reads the rest of the file."""
    return dict(node.entries) if isinstance(node, document.Mapping) else {}


def _times(node: Node | None, mistakes: Mistakes) -> Times:
    if node is None:
        return {}
    if not isinstance(node, document.Mapping):
        mistakes.add(node.line, f"retention must be a mapping: {_FACTS} or a table, then days as in 30d")
        return {}
    times: Times = {}
    known = (_FACTS, *TABLES)
    for name, value in node.entries.items():
        line = node.key_lines[name]
        if name not in known:
            mistakes.add(
                line,
                f"nothing that may leave the store is called {shown(name)}{did_you_mean(name, known)}:"
                f" name {_FACTS} or a table",
            )
            continue
        try:
            times[name] = duration((value.text if isinstance(value, Scalar) else None) or "")
        except InputError as error:
            mistakes.add(line, f"{name}: {error}")
    return times
