"""The root of each incident: the earliest evidence that explains it.

An incident is judged when it opens, is raised or comes back, on what is told until DECIDED_AFTER later: late
evidence revises the verdict, what comes much later doesn't. So the roots are a function of the incidents,
however the stream was cut into batches.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pipeline.causes.dependence import Dependence, Token, relation, touched
from pipeline.causes.explains import EXPLAINS, OVER, WITHIN, beside, handicap, late, layer

DECIDED_AFTER: Final = timedelta(seconds=90)
_US: Final = timedelta(microseconds=1)
_DECIDED_US, _OVER_US, _WITHIN_US = (span // _US for span in (DECIDED_AFTER, OVER, WITHIN))
KEPT: Final = WITHIN + 2 * DECIDED_AFTER + timedelta(minutes=5)
"""How long an incident may be a cause, be told late, or come back."""
_KEPT_US: Final = KEPT // _US


@dataclass(frozen=True)
class Seen:
    """An incident as the search for causes sees it; times in microseconds."""

    incident_id: str
    rule: str
    anchors: tuple[int, ...]
    """When it was opened, raised or came back, in order."""
    ends: tuple[int, ...]
    """When it was resolved."""
    detected_at: int
    about: frozenset[Token]
    """What it is about."""
    own: frozenset[Token]
    """All that it has to do with."""

    def place(self, before: int, effect: "Seen") -> tuple[int, str] | None:
        """Return its place among the causes of what another was at ``before``, earliest first.

        None: it is no cause, since it began later, long before, or was over.
        """
        late_by = (handicap(self.rule) - late(self.rule, effect.rule)) // _US
        mine = before + handicap(effect.rule) // _US, effect.incident_id
        found = [anchor for anchor in self.anchors if (anchor + late_by, self.incident_id) < mine]
        if not found or before - found[-1] > _WITHIN_US:
            return None
        if any(found[-1] <= end < before - _OVER_US for end in self.ends):
            return None
        return found[-1] + late_by, self.incident_id


class Roots:
    """The incidents of one fabric that may be causes or still want one, and the parent of each."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._parents: dict[str, str] = {}
        self._now = 0
        """Of the last time."""

    def root_of(self, incident_id: str) -> str | None:
        """Return the root of an incident; None if it is one itself."""
        *_, root = self._chain(incident_id)
        return None if root == incident_id else root

    def revise(
        self, changed: Iterable[Seen], gone: Iterable[str], dependence: Callable[[], Dependence], now: int
    ) -> set[str]:
        """Take incidents that changed and those that never were; return those whose root is another now.

        ``dependence`` is asked for when something has to be judged only.
        """
        gone = set(gone)
        news = {seen.incident_id: seen for seen in changed}
        if not (news or gone & self._seen.keys()):
            return set()
        before = {name: self.root_of(name) for name in {*self._seen, *news}}
        for name in gone:
            self._seen.pop(name, None)
            self._parents.pop(name, None)
        self._seen |= news
        self._judge(dependence())
        self._forget(now)
        self._now = now
        return {name for name, root in before.items() if name not in gone and self.root_of(name) != root}

    def remembers(self, incident_id: str) -> bool:
        """Return whether an incident may still be a cause or get another root."""
        return incident_id in self._seen

    def _judge(self, dependence: Dependence) -> None:
        """Find a parent for each incident that wasn't decided last time."""
        reach = {
            name: dependence.reach(seen.about)
            for name, seen in self._seen.items()
            if EXPLAINS[layer(seen.rule)]
        }
        reached: dict[Token, list[str]] = defaultdict(list)
        for name, tokens in reach.items():
            for token in tokens:
                reached[token].append(name)
        open_ = [seen for seen in self._seen.values() if seen.anchors[-1] >= self._now - 2 * _DECIDED_US]
        for effect in sorted(open_, key=lambda seen: (seen.anchors[-1], layer(seen.rule), seen.incident_id)):
            near = {name for token in touched(effect.own) for name in reached.get(token, ())}
            parent = self._parent(effect, {name: reach[name] for name in near})
            if parent is None:
                self._parents.pop(effect.incident_id, None)
            else:
                self._parents[effect.incident_id] = parent

    def _parent(self, effect: Seen, near: Mapping[str, frozenset[Token]]) -> str | None:
        """Return the earliest of the incidents that explain one; ``near``: how far those around it reach."""
        anchor = effect.anchors[-1]
        found: list[tuple[int, str]] = []
        for name, reach in near.items():
            cause = self._seen[name]
            place = cause.place(anchor, effect)
            if (
                place is not None
                and cause.detected_at <= anchor + _DECIDED_US
                and explains(cause, effect, reach)
                and effect.incident_id not in self._chain(name)
            ):
                found.append(place)
        return min(found)[1] if found else None

    def _chain(self, incident_id: str) -> Iterator[str]:
        """Yield an incident, what it follows from, and so on."""
        name: str | None = incident_id
        while name is not None:
            yield name
            name = self._parents.get(name)

    def _forget(self, now: int) -> None:
        """Forget what can neither be a cause nor get another one any more; parents stay."""
        for name, seen in list(self._seen.items()):
            if seen.anchors[-1] < now - _KEPT_US:
                del self._seen[name]

    def dump(self, now: int) -> dict[str, Any]:  # Any: JSON
        """Return the state as JSON; ``now``: the fabric's clock, microseconds."""
        self._forget(now)
        return {
            "seen": [
                [
                    it.incident_id,
                    it.rule,
                    it.anchors,
                    it.ends,
                    it.detected_at,
                    sorted(it.about),
                    sorted(it.own),
                ]
                for _, it in sorted(self._seen.items())
            ],
            "parents": dict(sorted(self._parents.items())),
            "now": now,
        }

    def load(self, plain: Mapping[str, Any]) -> None:  # Any: JSON
        """Take the state that ``dump`` made."""
        self._parents = dict(plain["parents"])
        self._now = plain["now"]
        for name, rule, anchors, ends, detected_at, *tokens in plain["seen"]:
            about, own = (frozenset(tuple(token) for token in each) for each in tokens)
            self._seen[name] = Seen(name, rule, tuple(anchors), tuple(ends), detected_at, about, own)


def explains(cause: Seen, effect: Seen, reach: frozenset[Token]) -> bool:
    """Return whether an incident can be the cause of another, time aside; ``reach``: of the cause."""
    if layer(effect.rule) not in EXPLAINS[layer(cause.rule)]:
        return False
    met = relation(reach, effect.own)
    return met == "within" or (met == "beside" and beside(cause.rule, effect.rule))
