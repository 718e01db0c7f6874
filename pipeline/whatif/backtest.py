"""A back-test: what a rule told, and what it would have told, from one pass over what is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.errors import FabricscopeError
from pipeline.detect import RULES
from pipeline.detectors.settings import Settings
from pipeline.forensics.questions import literal
from pipeline.forensics.source import Source
from pipeline.schema import FACTS, INTERFACE_ADDRESS, Entity
from pipeline.whatif.compare import Pair, differences, pairs
from pipeline.whatif.declared import declared_now
from pipeline.whatif.driven import families_for
from pipeline.whatif.fabric import Rebuilt
from pipeline.whatif.pages import edges, last_record, pages, silences
from pipeline.whatif.rerun import Rerun

ENTITIES: tuple[Entity, ...] = (*FACTS, INTERFACE_ADDRESS)
Progress = Callable[[float], None]
"""Is told which part is done, 0 to 1."""


@dataclass(frozen=True)
class Outcome:
    """What came of a back-test of one fabric."""

    pairs: Sequence[Pair]
    """Of all times."""
    end: datetime
    """Till when the store knows of it."""
    stored: int
    """Incidents of the rule's family in the store."""
    other: int
    """Of these, not found again under today's thresholds."""
    more: int
    """Found again, and not in the store."""
    skewed: Sequence[str]
    """Devices whose clocks were wrong: what they said is ordered by the collector's clock."""
    declared: bool
    """Something is declared of the fabric; only since when isn't known."""


def run(
    source: Source, fabric: str, rule: str, settings: tuple[Settings, Settings], progress: Progress
) -> Outcome:
    """Run a rule's families twice over all that is stored; raises FabricscopeError where facts are gone.

    ``settings``: the thresholds that hold now, and those that are tried.
    """
    last = last_record(source, fabric)
    if last is None:
        raise FabricscopeError(f"nothing is stored of {fabric}")
    rebuilt = Rebuilt(declared_now(source, fabric))
    families, silent = families_for(rule), silences(source, fabric)
    runs = [Rerun(fabric, rebuilt, one, families, silent) for one in settings]
    walk(source, fabric, rebuilt, runs, progress)
    found, tried = (one.fired(rule) for one in runs)
    stored = _stored(source, fabric, RULES[rule].family)
    other, more = differences(stored, {row["incident_id"]: row for row in found})
    return Outcome(
        pairs(found, tried, last[1]),
        last[1],
        len(stored),
        other,
        more,
        _skewed(source, fabric),
        bool(rebuilt.declared),
    )


def walk(source: Source, fabric: str, rebuilt: Rebuilt, runs: Sequence[Rerun], progress: Progress) -> None:
    """Take all that is stored of a fabric, page by page; raises FabricscopeError where facts are gone."""
    check_beginning(source, fabric)
    begins = edges(source, fabric, ENTITIES)
    read = pages(source, fabric, ENTITIES, begins, last_record(source, fabric))
    for done, page in enumerate(read, start=1):
        applied = rebuilt.take(page)
        for one in runs:
            one.take(applied)
        progress(done / (len(begins) - 1))


def check_beginning(source: Source, fabric: str) -> None:
    """Raise FabricscopeError if states are known whose beginning has left the store."""
    of = f"fabric = {literal(fabric)}"
    for entity in FACTS:
        began, told, since = source.rows(
            # names of ours
            f"SELECT (SELECT min(opened_offset) FROM store.{entity.name}_intervals() WHERE {of}) AS began,"  # noqa: S608
            f' min("offset") AS told, min(record_time) AS since FROM store.{entity.name}_event WHERE {of}'
        ).row(0)
        if began is not None and (told is None or began < told):
            when = "any more" if since is None else f"before {since:%Y-%m-%d %H:%M:%S} UTC"
            raise FabricscopeError(
                f"the store has no changes of {entity.name} {when}, only what was there: rules can't be run"
                " again over a part of the past. Name an archive that has the rest"
            )


def _stored(source: Source, fabric: str, family: str) -> Sequence[Mapping[str, Any]]:
    return source.rows(
        "SELECT incident_id, rule, opened_at, resolved_at FROM store.incident"  # noqa: S608 - values are quoted
        f" WHERE fabric = {literal(fabric)} AND family = {literal(family)}"
    ).to_dicts()


def _skewed(source: Source, fabric: str) -> Sequence[str]:
    rows = source.rows(
        "SELECT DISTINCT device FROM store.collector_event"  # noqa: S608 - values are quoted
        f" WHERE fabric = {literal(fabric)} AND kind = 'skew' ORDER BY device"
    )
    found: list[str] = rows["device"].to_list()
    return found
