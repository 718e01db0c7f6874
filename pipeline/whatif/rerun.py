"""Rules run again over what is stored, under other thresholds: the families and incidents that run live."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.correlate import Correlator
from pipeline.detect import FAMILIES, RULES, Detection
from pipeline.detectors.settings import Settings
from pipeline.people import told_of
from pipeline.whatif.fabric import Rebuilt
from pipeline.whatif.heard import Silenced
from pipeline.whatif.pages import Silence

Row = dict[str, Any]  # Any: columns of the table incident


class Rerun:
    """The rules of one fabric under one set of thresholds."""

    def __init__(
        self,
        fabric: str,
        rebuilt: Rebuilt,
        settings: Settings,
        families: Sequence[str],
        silences: Sequence[Silence],
        *,
        found: Callable[[pl.DataFrame], None] | None = None,
    ) -> None:
        """``found`` is told the findings (FINDING) of each page."""
        self.detection = Detection(
            rebuilt.state,
            settings,
            families={name: FAMILIES[name] for name in families},
            heard=Silenced(silences),
        )
        self._correlator = Correlator(fabric, RULES, settings)
        self._rebuilt = rebuilt
        self._found = found
        self.incidents: dict[str, Row] = {}
        """By id: rows of the table ``incident``."""
        self._reached: dict[tuple[object, ...], Row] = {}
        """Rows of ``incident_event`` that say that an incident came to a rule."""

    def take(self, applied: Applied) -> None:
        """Judge what a page did."""
        added, removed = self.detection.judge(applied)
        if self._found is not None:
            self._found(added)
        now = self._rebuilt.state.sessions.now
        revision = self._correlator.revise(added, removed, now, told_of(applied))
        for gone in revision.void_incidents["incident_id"].to_list():
            self.incidents.pop(gone, None)
        self.incidents |= {row["incident_id"]: row for row in revision.incidents.to_dicts()}
        for gone in _reaching(revision.void_events):
            self._reached.pop(tuple(gone.values()), None)
        self._reached |= {tuple(row.values()): row for row in _reaching(revision.events)}

    def open(self) -> list[str]:
        """Return the ids of incidents that are open."""
        return [name for name, row in self.incidents.items() if row["resolved_at"] is None]

    def since(self, time: datetime) -> list[Row]:
        """Return the incidents that were opened, raised or came back at a time or later."""
        names = {row["incident_id"] for row in self._reached.values() if row["event_time"] >= time}
        return [row for name, row in self.incidents.items() if name in names]

    def fired(self, rule: str) -> list[Row]:
        """Return the incidents of a rule's family, with ``fired_at``: when it reached the rule, if ever."""
        wanted = RULES[rule]
        first: dict[str, datetime] = {}
        for row in self._reached.values():
            if RULES[row["rule"]].family == wanted.family and RULES[row["rule"]].rank >= wanted.rank:
                name, time = row["incident_id"], row["event_time"]
                first[name] = min(first.get(name, time), time)
        return [
            {**row, "fired_at": first.get(name)}
            for name, row in self.incidents.items()
            if row["family"] == wanted.family
        ]


def _reaching(events: pl.DataFrame) -> list[Row]:
    return events.filter(pl.col("kind").is_in(["opened", "raised", "continued"])).to_dicts()
