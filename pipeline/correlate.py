"""Findings in, incidents out: one life per subject and rule family.

What was said within the lateness may still be revised, so of each life the state before it is kept, and what
came since is folded again whenever it changes: the incidents are a function of the findings, not of their
arrival. What people do to an incident has its place among the findings, and waits as long for the incident.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import orjson
import polars as pl

from pipeline.apply.fabric import part_of
from pipeline.apply.records import LATENESS, us
from pipeline.deeds import Around
from pipeline.detectors import SUBJECT, Rule
from pipeline.detectors.settings import Settings
from pipeline.incidents import Fold
from pipeline.life import Deed, Event, Incident, Life, Statement, incident_id, life_of, plain_life
from pipeline.people import People, Told
from pipeline.revision import Key, Revision, event_rows, incident_rows

_EVERYTHING: Final = (None,) * len(SUBJECT)
_STATEMENT: Final = ["index" if name == "part" else name for name in Statement._fields if name != "labels"]


@dataclass
class _Entry:
    """One life: settled up to the horizon, and what was said and told since."""

    life: Life = field(default_factory=Life)
    recent: list[Statement] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    """What people did lately that may be about one of its incidents."""
    told: list[Event] = field(default_factory=list)
    shown: Incident | None = None
    over: Sequence[Incident] = ()
    """Incidents before it that were shown for the last time lately."""


class Correlator:
    """The incidents of one fabric."""

    def __init__(self, fabric: str, rules: Mapping[str, Rule], settings: Settings | None = None) -> None:
        self._fabric = fabric
        self._rules = rules
        families: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules.values():
            families[rule.family].append(rule)
        self._families = families
        self._settings = settings or Settings()
        self._folds: dict[tuple[str, int | None, str | None], Fold] = {}
        self._entries: dict[Key, _Entry] = {}
        self._due: dict[Key, int] = {}
        self._people = People()
        self._deeds: list[Deed] = []
        """What people did within the lateness: its incident may be told after it."""

    def revise(
        self, added: pl.DataFrame, removed: pl.DataFrame, now: int, told: Sequence[Told] = ()
    ) -> Revision:
        """Take findings (FINDING) said and unsaid in a batch that ends at ``now``, and what people did."""
        touched: set[Key] = set()
        for key, statement in self._statements(removed):
            for each in self._concerned(key):
                if statement in self._entries[each].recent:
                    self._entries[each].recent.remove(statement)
                    touched.add(each)
        for key, statement in self._statements(added):
            if key[1] == _EVERYTHING:
                for each in self._concerned(key):
                    self._entries[each].recent.append(statement)
                    touched.add(each)
                continue
            if key not in self._entries:
                if self._rules[statement.rule].rank == 0:
                    continue
                self._entries[key] = _Entry()
            self._entries[key].recent.append(statement)
            touched.add(key)
        touched.update(key for key, when in self._due.items() if when <= now)
        news = self._people.take(told)
        if news.windows:
            touched.update(key for key, entry in self._entries.items() if _is_open(entry.shown))
        self._deeds += news.deeds
        touched.update(self._meant(self._entries if news.deeds else touched))
        self._deeds = [deed for deed in self._deeds if deed.time >= now - us(LATENESS)]
        return self._revise(sorted(touched, key=repr), now, news.actions)

    def _meant(self, keys: Iterable[Key]) -> list[Key]:
        """Hand what people did to the lives that it may be about; return these."""
        meant: list[Key] = []
        for key in keys if self._deeds else ():
            entry, possible = self._entries[key], self._possible(key)
            known = set(entry.deeds)
            mine = [one for one in self._deeds if one.incident_id in possible and one not in known]
            entry.deeds += mine
            meant += [key] if mine else []
        return meant

    def _possible(self, key: Key) -> set[str]:
        """Return the ids of the incidents that a life has, or may have once it is folded."""
        life, recent = self._entries[key].life, self._entries[key].recent
        known = {past.incident_id for past in life.past}
        if life.incident is not None:
            known.add(life.incident.incident_id)
        offsets = {one.offset for one in (*recent, *life.since.values())}
        return known | {incident_id(self._fabric, repr(key[1]), key[0], offset) for offset in offsets}

    def _around(self, key: Key) -> Around:
        return Around(dict(zip(SUBJECT, key[1], strict=True)), self._people.maintenance)

    def _concerned(self, key: Key) -> list[Key]:
        """Return the lives that a finding is about: one without a subject is about all of its family."""
        if key[1] == _EVERYTHING:
            return [each for each in self._entries if each[0] == key[0]]
        return [key] if key in self._entries else []

    def _statements(self, frame: pl.DataFrame) -> Iterable[tuple[Key, Statement]]:
        subjects = frame.select(SUBJECT).rows()
        for subject, values in zip(subjects, frame.select(_STATEMENT).rows(), strict=True):
            statement = Statement(*values)
            rule = self._rules[statement.rule]
            key = tuple(
                None if name in rule.labels else value for name, value in zip(SUBJECT, subject, strict=True)
            )
            if rule.labels:
                labels = {name: subject[SUBJECT.index(name)] for name in sorted(rule.labels)}
                statement = statement._replace(labels=orjson.dumps(labels).decode())
            yield (rule.family, key), statement

    def _revise(self, keys: list[Key], now: int, actions: pl.DataFrame) -> Revision:
        changed: list[tuple[Incident, Key]] = []
        gone: list[str] = []
        said: list[Event] = []
        unsaid: list[Event] = []
        for key in keys:
            entry = self._entries[key]
            live, events, over = self._run(key, entry, now)
            before, after = set(entry.told), set(events)  # there may be thousands: notes of people, say
            said += [event for event in events if event not in before]
            lost = [event for event in entry.told if event not in after]
            unsaid += lost
            opens = {event.incident_id for event in events if event.kind == "opened"}
            gone += [
                event.incident_id
                for event in lost
                if event.kind == "opened" and event.incident_id not in opens
            ]
            known = (entry.shown, *entry.over)
            current = over if live.incident is None else [*over, live.incident]
            changed += [(incident, key) for incident in current if incident not in known]
            entry.shown, entry.over = live.incident, over
            entry.told = [event for event in events if event.time >= now - us(LATENESS)]
            due = self._fold(key).due(live, self._around(key))
            if due is not None:
                self._due[key] = due
            else:
                self._due.pop(key, None)
        void = gone + [incident.incident_id for incident, _ in changed]
        return Revision(
            incidents=incident_rows(changed, self._rules),
            events=event_rows(said),
            void_incidents=pl.DataFrame({"incident_id": void}, schema={"incident_id": pl.String}),
            void_events=event_rows(unsaid),
            actions=actions,
        )

    def _run(self, key: Key, entry: _Entry, now: int) -> tuple[Life, list[Event], list[Incident]]:
        """Settle what can't be revised any more; return the life at ``now`` and all events since before.

        And the incidents that another one came after since then.
        """
        fold, subject, around = self._fold(key), repr(key[1]), self._around(key)
        horizon = now - us(LATENESS)
        told: list[Statement | Deed] = [*entry.recent, *entry.deeds]
        ordered = sorted(told, key=_place)
        settled = [one for one in ordered if one.time < horizon]
        rest = ordered[len(settled) :]
        entry.recent = [one for one in rest if isinstance(one, Statement)]
        entry.deeds = [one for one in rest if isinstance(one, Deed)]
        entry.life, past = fold.run(entry.life, subject, settled, horizon - 1, around)
        live, events = fold.run(entry.life, subject, rest, now, around)
        over = [*entry.life.over, *live.over]
        entry.life = replace(entry.life, over=())
        return live, past + events, over

    def _fold(self, key: Key) -> Fold:
        """Return the fold of a life, with the waits and clears that are set for its subject."""
        family, subject = key
        vni, esi = subject[SUBJECT.index("vni")], subject[SUBJECT.index("esi")]
        own = (vni if vni in self._settings.vnis else None, esi if esi in self._settings.segments else None)
        if (family, *own) not in self._folds:
            rules = self._settings.timed(self._families[family], *own)
            self._folds[family, *own] = Fold(self._fabric, rules)
        return self._folds[family, *own]

    def open_incidents(self) -> int:
        """Return how many incidents are open."""
        return sum(_is_open(entry.shown) for entry in self._entries.values())

    def dump(self, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames: one row per life, its parts as JSON."""
        horizon = now - us(LATENESS)
        for key, entry in self._entries.items():
            self._run(key, entry, now)
            entry.told = [event for event in entry.told if event.time >= horizon]
            entry.deeds = [deed for deed in entry.deeds if deed.incident_id in self._possible(key)]
        self._entries = {
            key: entry for key, entry in self._entries.items() if entry.life != Life() or entry.recent
        }
        rows = [
            {
                "family": family,
                "subject": orjson.dumps(subject).decode(),
                "life": orjson.dumps(plain_life(entry.life)).decode(),
                "recent": orjson.dumps([list(s) for s in entry.recent]).decode(),
                "deeds": orjson.dumps([list(d) for d in entry.deeds]).decode(),
                "told": orjson.dumps([list(e) for e in entry.told]).decode(),
                "shown": orjson.dumps(None if entry.shown is None else asdict(entry.shown)).decode(),
                "due": self._due.get((family, subject)),
            }
            for (family, subject), entry in sorted(self._entries.items(), key=repr)
        ]
        return {
            "lives": pl.DataFrame(rows, schema=_LIFE),
            "deeds": pl.DataFrame(self._deeds, schema=_DEED, orient="row"),
            **{f"people_{name}": frame for name, frame in self._people.dump(horizon).items()},
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for row in frames["lives"].rows(named=True):
            key = (row["family"], tuple(orjson.loads(row["subject"])))
            shown = orjson.loads(row["shown"])
            self._entries[key] = _Entry(
                life=life_of(orjson.loads(row["life"])),
                recent=[Statement(*values) for values in orjson.loads(row["recent"])],
                deeds=[Deed(*values) for values in orjson.loads(row["deeds"])],
                told=[Event(*values) for values in orjson.loads(row["told"])],
                shown=None if shown is None else Incident(**shown),
            )
            if row["due"] is not None:
                self._due[key] = row["due"]
        self._deeds = [Deed(*values) for values in frames["deeds"].rows()]
        self._people.load(part_of(frames, "people"))


def _place(one: Statement | Deed) -> tuple[int, int, int, str]:
    """Return the place among what is told of a life."""
    return one[:4] if isinstance(one, Statement) else (one.time, one.offset, -1, "")


def _is_open(incident: Incident | None) -> bool:
    return incident is not None and incident.resolved_at is None


_LIFE: Final = {
    "family": pl.String,
    "subject": pl.String,
    "life": pl.String,
    "recent": pl.String,
    "deeds": pl.String,
    "told": pl.String,
    "shown": pl.String,
    "due": pl.Int64,
}
_DEED: Final = {
    "time": pl.Int64,
    "offset": pl.Int64,
    "verb": pl.String,
    "actor": pl.String,
    "incident_id": pl.String,
    "text": pl.String,
    "until": pl.Int64,
}
