"""What an incident has to do with others: what follows from it, the worst of that, what began with it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from rich.text import Text

from pipeline.alerts.standing import GREW
from pipeline.desk.listed import COLOURS, ORDER
from pipeline.desk.seen import Seen
from pipeline.desk.words import span
from pipeline.safe_text import clean

MOST_BELOW: Final = 4
"""Followers of one rule, and incidents beside one, that are named; the rest is counted."""
ABOUT_THEN: Final = timedelta(minutes=4)
"""Two things that begin within it may have one cause."""


def followers(seen: Seen, incidents: Mapping[str, Seen]) -> list[Seen]:
    """Return the incidents that follow from one."""
    return [one for one in incidents.values() if one.row["root_incident_id"] == seen.id and one.id != seen.id]


def worst_of(seen: Seen, below: Sequence[Seen]) -> Seen | None:
    """Return what follows and says more of the damage than its root: an outage, or what is more severe."""
    own = ORDER.index(seen.row["severity"]), seen.evidence.get("left") != 0
    rank = {one.id: (ORDER.index(one.row["severity"]), one.evidence.get("left") != 0) for one in below}
    worst = min(below, key=lambda one: (rank[one.id], one.opened_at, one.id), default=None)
    return worst if worst is not None and rank[worst.id] < own else None


def not_acknowledged(seen: Seen, below: Sequence[Seen]) -> Seen | None:
    """Return what follows, is worse than an acknowledged incident and came after it was acknowledged."""
    said = [one["event_time"] for one in seen.events if one["kind"] == "acknowledged"]
    worst = worst_of(seen, below)
    if worst is None or not seen.row["acknowledged_by"] or not said:
        return None
    worse = ORDER.index(worst.row["severity"]) < ORDER.index(seen.row["severity"])
    grew = [one["event_time"] for one in worst.events if one["kind"] in GREW]
    return worst if worse and grew and max(grew) > max(said) else None


def follow(below: Sequence[Seen], ids: Mapping[str, str]) -> Iterator[Text]:
    """Yield a line for each follower; of a rule with many for the first ones, and how many there are."""
    by_rule: dict[str, list[Seen]] = {}
    for one in sorted(below, key=lambda one: (not one.open, one.opened_at, one.id)):
        by_rule.setdefault(one.row["rule"], []).append(one)
    for rule, mine in by_rule.items():
        yield from (_line(one, ids) for one in mine[:MOST_BELOW])
        if (more := len(mine) - MOST_BELOW) > 0:
            open_ones = sum(one.open for one in mine)
            yield Text(
                f"and {more} more of {rule} {mine[0].row['name']}: {len(mine)} in all, {open_ones} open"
            )


def beside(seen: Seen, incidents: Mapping[str, Seen], ids: Mapping[str, str]) -> Iterator[Text]:
    """Yield a line for each other root that began at about the same time: it may have the same cause."""
    mine = [
        one
        for one in incidents.values()
        if one.row["root_incident_id"] in (None, one.id)
        and one.id not in (seen.id, seen.row["root_incident_id"])
        and one.row["fabric"] == seen.row["fabric"]
        and abs(one.opened_at - seen.opened_at) <= ABOUT_THEN
    ]
    mine.sort(key=lambda one: (abs(one.opened_at - seen.opened_at), one.id))
    yield from (_line(one, ids) for one in mine[:MOST_BELOW])
    if len(mine) > MOST_BELOW:
        yield Text(f"and {len(mine) - MOST_BELOW} more within {span(ABOUT_THEN)}")


def _line(one: Seen, ids: Mapping[str, str]) -> Text:
    row = one.row
    line = Text(f"{ids.get(one.id, one.id)}  ")
    line.append(f"{row['severity']:8}", COLOURS.get(row["severity"], ""))
    line.append(f" {row['rule']:4} {'' if one.open else '(resolved) '}{clean(row['summary'])}")
    return line
