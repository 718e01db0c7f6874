"""From incidents to incidents with their roots: what each follows from, and storms.

Takes what a batch does to incidents and gives it back with ``root_incident_id``, with the rows of others that
got another root by it, with the incidents of storms (rule X4), and with events that say what follows from
what.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
import polars as pl

from pipeline.causes.dependence import FABRIC, Dependence
from pipeline.causes.explains import FABRIC_WIDE
from pipeline.causes.roots import KEPT, Roots, Seen
from pipeline.causes.storms import RULES, Member, Storm, storms
from pipeline.detectors import SUBJECT, Rule
from pipeline.detectors.text import ip_text
from pipeline.life import incident_id
from pipeline.revision import Revision
from pipeline.schema import TIME

Row = dict[str, Any]  # Any: columns of tables incident and incident_event, times in microseconds
_STORM: Final = RULES["X4"]
_BEGINS: Final = frozenset(("opened", "raised", "continued"))
_KEPT_US: Final = KEPT // KEPT.resolution


class Causation:
    """What is known of the causes of one fabric's incidents."""

    def __init__(self, fabric: str, rules: Mapping[str, Rule]) -> None:
        self._fabric = fabric
        self._waits = {name: rule.wait // rule.wait.resolution for name, rule in rules.items()}
        self._roots = Roots()
        self._rows: dict[str, Row] = {}
        """Incidents that may still get another root, or are part of a storm; with their roots, as told."""
        self._turns: dict[str, list[Row]] = defaultdict(list)
        """Events that begin or end them."""
        self._root_of: dict[str, str] = {}
        """Root of every incident that has one, for whenever its row is told again."""
        self._storms: dict[str, Row] = {}
        """Rows of storms whose members are remembered."""
        self._said: dict[str, list[Row]] = {}
        """Events told of storms and of incidents that follow from others."""
        self._now = 0
        """Of the last time."""

    def revise(self, revision: Revision, dependence: Callable[[], Dependence], now: int) -> Revision:
        """Return a batch's revision of the incidents with their roots.

        ``dependence`` is asked for when there is something to judge; ``now``: the fabric's clock, in
        microseconds.
        """
        if revision.incidents.is_empty() and revision.void_incidents.is_empty():
            return replace(revision, incidents=_frame([], _rooted(revision.incidents)))
        changed = {row["incident_id"]: row for row in _plain(revision.incidents)}
        gone = set(revision.void_incidents["incident_id"]) - changed.keys()
        news = self._take(revision, changed, gone)
        depends = dependence()
        self._roots.revise([self._seen(row, depends) for row in news], gone, lambda: depends, now)
        found, storm_of = self._find_storms()
        rows = {**changed, **{name: row for name, row in found.items() if row != self._storms.get(name)}}
        gone |= self._storms.keys() - found.keys()
        self._storms = found
        for name in sorted(self._rows):
            root = self._roots.root_of(name)
            root = storm_of.get(root or name, root)
            if root != self._root_of.get(name):
                rows[name] = self._rows[name]
                self._root_of.pop(name, None)
                if root is not None:
                    self._root_of[name] = root
        events, unsaid = self._say([*self._rows, *self._storms, *gone])
        self._forget(now)
        self._now = now
        told = [{**row, "root_incident_id": self._root_of.get(name)} for name, row in sorted(rows.items())]
        names = pl.DataFrame({"incident_id": sorted(gone | rows.keys())}, schema={"incident_id": pl.String})
        return replace(
            revision,
            incidents=_frame(told, _rooted(revision.incidents)),
            void_incidents=names,
            events=pl.concat([revision.events, _frame(events, revision.events.schema)]),
            void_events=pl.concat([revision.void_events, _frame(unsaid, revision.void_events.schema)]),
        )

    def _take(self, revision: Revision, changed: Mapping[str, Row], gone: Iterable[str]) -> list[Row]:
        """Remember the incidents of a batch and what began or ended them; return those to be judged."""
        for row in _plain(revision.void_events):
            if row in (turns := self._turns[row["incident_id"]]):
                turns.remove(row)
        for row in _plain(revision.events):
            if row["kind"] in _BEGINS or row["kind"] == "resolved":
                self._turns[row["incident_id"]].append(row)
        for name in gone:
            self._rows.pop(name, None)
            self._turns.pop(name, None)
            self._root_of.pop(name, None)
        news = {
            name: row
            for name, row in changed.items()
            if name in self._rows or self._anchors(row)[-1] >= self._now - _KEPT_US
        }
        for name in changed.keys() - news.keys():
            self._turns.pop(name, None)  # too old to get another root
        self._rows |= news
        return [*news.values()]

    def _anchors(self, row: Row) -> tuple[int, ...]:
        """Return when what opened, raised or continued an incident began: before its rule had waited."""
        turns = [turn for turn in self._turns[row["incident_id"]] if turn["kind"] in _BEGINS]
        times = {turn["event_time"] - self._waits[turn["rule"]] for turn in turns}
        return tuple(sorted(times)) or (row["opened_at"],)

    def _seen(self, row: Row, depends: Dependence) -> Seen:
        turns = self._turns[row["incident_id"]]
        subject = {**row, "ip": ip_text(row["ip_hi"], row["ip_lo"])}
        if row["mac"] is not None:
            subject["mac"] = row["mac"].to_bytes(6, "big").hex(":")
        evidence = orjson.loads(row["evidence"])
        about = depends.about(subject)
        if row["rule"] in FABRIC_WIDE and row["vtep"] is None:
            about = frozenset({FABRIC})
        return Seen(
            incident_id=row["incident_id"],
            rule=row["rule"],
            anchors=self._anchors(row),
            ends=tuple(sorted(turn["event_time"] for turn in turns if turn["kind"] == "resolved")),
            detected_at=row["detected_at"],
            about=about,
            own=depends.own(subject, evidence),
        )

    def _find_storms(self) -> tuple[dict[str, Row], dict[str, str]]:
        """Return the rows of storms, and the storm of each of their members."""
        members = [
            Member(
                name, row["family"], row["rule"], row["severity"], row["opened_at"], row["detected_at"],
                row["resolved_at"], {column: row[column] for column in SUBJECT},
            )
            for name, row in self._rows.items()
            if self._roots.root_of(name) is None
        ]  # fmt: skip
        found: dict[str, Row] = {}
        storm_of: dict[str, str] = {}
        for storm in storms(members):
            row = self._storm_row(storm)
            found[row["incident_id"]] = row
            storm_of |= {it.incident_id: row["incident_id"] for it in storm.members}
        return found, storm_of

    def _storm_row(self, storm: Storm) -> Row:
        first = storm.first.incident_id
        # the id must not change while the storm grows, also by one that began before and is found later
        name = incident_id(self._fabric, first, _STORM.family, 0)
        template = self._rows[first]
        return {
            **dict.fromkeys(template),
            "incident_id": name,
            "rule": _STORM.id,
            "name": _STORM.name,
            "family": _STORM.family,
            "severity": storm.severity,
            "state": "open" if storm.until is None else "resolved",
            "opened_at": storm.opened_at,
            "detected_at": storm.detected_at,
            "resolved_at": storm.until,
            "summary": storm.summary(),
            "evidence": orjson.dumps(storm.evidence()).decode(),
            "coverage": template["coverage"],
            "in_maintenance": all(self._rows[it.incident_id]["in_maintenance"] for it in storm.members),
        }

    def _say(self, names: Iterable[str]) -> tuple[list[Row], list[Row]]:
        """Bring what is told of incidents up to date; return the events to append and those to remove."""
        new: list[Row] = []
        old: list[Row] = []
        for name in sorted(set(names)):
            before, after = self._said.pop(name, []), self._events(name)
            new += [event for event in after if event not in before]
            old += [event for event in before if event not in after]
            self._said |= {name: after} if after else {}
        return new, old

    def _events(self, name: str) -> list[Row]:
        """Return what is told of an incident beside what the rules tell."""
        if (storm := self._storms.get(name)) is not None:
            turns = [("opened", storm["detected_at"]), ("resolved", storm["resolved_at"])]
            return [_event(storm, kind, time, storm["summary"]) for kind, time in turns if time is not None]
        if (root := self._root_of.get(name)) is None:
            return []
        row = self._rows[name]
        # what a root is called may change while it lasts, its id doesn't
        return [_event(row, "attached", self._anchors(row)[-1], f"follows from incident {root}")]

    def _forget(self, now: int) -> None:
        """Forget incidents that get no other root any more, but those of a storm that goes on."""
        going = {
            name
            for name, storm in self._storms.items()
            if storm["resolved_at"] is None or storm["resolved_at"] >= now - _KEPT_US
        }
        for name in list(self._rows):
            if not self._roots.remembers(name) and self._root_of.get(name) not in going:
                del self._rows[name]
                self._turns.pop(name, None)
        kept = {self._root_of.get(name) for name in self._rows}
        self._storms = {name: row for name, row in self._storms.items() if name in kept}

    def dump(self, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames, one row with JSON; ``now``: the fabric's clock, microseconds."""
        roots = self._roots.dump(now)
        self._forget(now)
        turns = {name: sorted(self._turns[name], key=_place) for name in self._rows}
        state = {
            "roots": roots,
            "rows": self._rows,
            "turns": turns,
            "root_of": self._root_of,
            "storms": self._storms,
            "said": self._said,
            "now": now,
        }
        text = orjson.dumps(state, option=orjson.OPT_SORT_KEYS).decode()
        return {"state": pl.DataFrame({"state": [text]})}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        state = orjson.loads(frames["state"]["state"][0])
        self._roots.load(state["roots"])
        self._turns.update(state["turns"])
        self._rows, self._root_of = state["rows"], state["root_of"]
        self._storms, self._said, self._now = state["storms"], state["said"], state["now"]


def _place(turn: Row) -> tuple[int, int, int, str]:
    """Return the place of an event among those of its incident, the same before and after a restart."""
    return turn["event_time"], turn["offset"], turn["index"], turn["kind"]


def _plain(frame: pl.DataFrame) -> list[Row]:
    """Return rows with times in microseconds."""
    return frame.with_columns(pl.col(pl.Datetime).cast(pl.Int64)).to_dicts()


def _rooted(incidents: pl.DataFrame) -> pl.Schema:
    return incidents.with_columns(root_incident_id=pl.lit(None, dtype=pl.String)).schema


def _frame(rows: list[Row], schema: pl.Schema) -> pl.DataFrame:
    times = [name for name, dtype in schema.items() if dtype == TIME]
    numbers = {name: pl.Int64 if name in times else dtype for name, dtype in schema.items()}
    return pl.DataFrame(rows, schema=numbers).with_columns(pl.col(times).cast(TIME))


def _event(row: Row, kind: str, time: int, summary: str) -> Row:
    """Return an event of no record of its own: its place is that of its time."""
    return {
        "incident_id": row["incident_id"],
        "event_time": time,
        "kind": kind,
        "rule": row["rule"],
        "severity": row["severity"],
        "summary": summary,
    }
