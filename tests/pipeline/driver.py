"""What the pipeline makes of a scene: apply, detect and correlate as the job runs them, in any batches.

Tables are kept as the store keeps them: what is void goes, what is new comes.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import polars as pl

from collectors.records import Kind
from pipeline.apply.fabric import Applied, FabricState, part_of
from pipeline.causation import Causation
from pipeline.causes.dependence import Dependence
from pipeline.correlate import Correlator
from pipeline.detect import FAMILIES, RULES, Detection
from pipeline.detectors import SUBJECT
from pipeline.detectors.family import Family
from pipeline.detectors.settings import Settings
from pipeline.people import told_of
from pipeline.schema import CONTROL, ENTITIES, partial_schema
from tests.pipeline.scene import SECOND, T0, Said, Scene, micros


@dataclass
class Outcome:
    """What a scene led to; times in seconds since the beginning."""

    findings: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    events: list[dict[str, Any]]
    history: list[dict[str, Any]]
    locations: list[dict[str, Any]]
    collector_events: list[dict[str, Any]]
    state: FabricState
    detection: Detection
    correlator: Correlator

    def found(self, *rules: str, active: bool | None = True) -> list[dict[str, Any]]:
        """Return findings of rules in the order of their time."""
        return [one for one in self.findings if one["rule"] in rules and one["active"] is active]

    def of(self, *rules: str) -> list[dict[str, Any]]:
        """Return incidents of rules."""
        return [one for one in self.incidents if one["rule"] in rules]

    def spans(self, *rules: str) -> list[tuple[float, float | None]]:
        """Return when incidents (of rules, if given) were detected and resolved."""
        return [
            (one["detected_at"], one["resolved_at"])
            for one in self.incidents
            if not rules or one["rule"] in rules
        ]

    def rules(self) -> list[str]:
        """Return the rules of all incidents."""
        return sorted(one["rule"] for one in self.incidents)


def frames_of(records: Sequence[Said], offset: int) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return the control frame and the partial rows of records, as decode makes them."""
    control: list[dict[str, Any]] = []
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ENTITIES}
    for number, said in enumerate(records):
        response = said.kind is Kind.RESPONSE
        received = said.at if said.recv is None else said.recv
        control.append(
            {
                "offset": offset + number,
                "record_time": micros(received) // 1000 * 1000,
                "device": said.device,
                "kind": int(said.kind),
                "profile": "openconfig",
                "family": said.family,
                "session": said.session,
                "seq": said.seq,
                "recv_time": micros(received),
                "event_time": micros(said.at) if response and not said.sync else None,
                "sync": said.sync,
                "json": None if said.content is None else json.dumps(said.content).encode(),
            }
        )
        for index, (table, row) in enumerate(said.rows):
            tables[table].append({"record": number, "index": index, **row})
    schema = pl.Schema(CONTROL)
    times = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    raw = pl.DataFrame(control, schema={**schema, **dict.fromkeys(times, pl.Int64)})
    frames = {
        name: pl.DataFrame(rows, schema=partial_schema(ENTITIES[name]))
        for name, rows in tables.items()
        if rows
    }
    return raw.with_columns(pl.col(name).cast(schema[name]) for name in times), frames


def play(
    scene: Scene | Sequence[Said],
    cuts: Iterable[int] = (),
    *,
    restarts: Iterable[int] = (),
    watch: Callable[[Applied], None] | None = None,
    judged: bool = True,
    settings: Settings | None = None,
    families: Mapping[str, Callable[[], Family]] = FAMILIES,
) -> Outcome:
    """Run records in batches that begin at ``cuts``; at ``restarts`` the state goes through a snapshot, too.

    Unless ``judged``, records are applied and no rule looks at what they do; ``families``: those that do.
    """
    records = scene.records if isinstance(scene, Scene) else list(scene)
    restarts = set(restarts)
    state, kept = FabricState(), _Tables()
    detection = Detection(state, settings, families=families)
    correlator = Correlator("dc1", RULES, settings)
    causation = Causation("dc1", RULES)
    edges = sorted({0, *(cut for cut in (*cuts, *restarts) if 0 < cut < len(records)), len(records)})
    for start, end in pairwise(edges):
        if start in restarts:
            frames = _dump(state, detection, correlator, causation)
            state = FabricState()
            detection = Detection(state, settings, families=families)
            correlator = Correlator("dc1", RULES, settings)
            state.load(part_of(frames, "apply"))
            detection.load(part_of(frames, "detect"))
            correlator.load(part_of(frames, "correlate"))
            causation = Causation("dc1", RULES)
            causation.load(part_of(frames, "causes"))
        applied = state.apply(*frames_of(records[start:end], start))
        if watch is not None:
            watch(applied)
        closed, void = applied.located.closed, applied.located.void_closed
        kept.take("history", closed, void, void.columns)
        kept.take("collector", applied.sessions.events, applied.sessions.events.clear(), ["offset", "index"])
        if not judged:
            continue
        added, removed = detection.judge(applied)
        now = state.sessions.now
        revised = correlator.revise(added, removed, now, told_of(applied))
        revision = causation.revise(revised, partial(_dependence, detection), now)
        kept.take("finding", added, removed, list(added.columns))
        kept.take("incident", revision.incidents, revision.void_incidents, ["incident_id"])
        kept.take("event", revision.events, revision.void_events, list(revision.events.columns))
    return Outcome(
        findings=[
            one
            for one in kept.rows("finding", "time", "offset", "index", "rule", *SUBJECT)
            if any(one[name] is not None for name in SUBJECT)  # those about no subject are no news to people
        ],
        incidents=kept.rows("incident", "opened_at", "rule", "device", "vtep", "mac"),
        events=kept.rows("event", "event_time", "offset", "index", "kind"),
        history=kept.rows("history", "mac", "vni", "valid_from", "opened_offset", "opened_index"),
        locations=_plain(state.locations.current().sort("mac", "vni")),
        collector_events=kept.rows("collector", "offset", "index"),
        state=state,
        detection=detection,
        correlator=correlator,
    )


def judged_by(*names: str) -> Callable[..., Outcome]:
    """Return ``play`` with these rule families alone, for laws of one family: the others take no part in it.

    That all together keep the laws is for tests/test_laws.py. What says nothing proves none, and is refused.
    """

    def alone(*arguments: Any, **more: Any) -> Outcome:
        outcome = play(*arguments, **more, families={name: FAMILIES[name] for name in names})
        assert outcome.findings
        return outcome

    return alone


def _dependence(detection: Detection) -> Dependence:
    return Dependence(detection.topology())


def _dump(
    state: FabricState, detection: Detection, correlator: Correlator, causation: Causation
) -> dict[str, pl.DataFrame]:
    parts = {
        "apply": state.dump(),
        "detect": detection.dump(),
        "correlate": correlator.dump(state.sessions.now),
        "causes": causation.dump(state.sessions.now),
    }
    return {f"{part}_{name}": frame for part, frames in parts.items() for name, frame in frames.items()}


class _Tables:
    """Tables of a store in memory: a batch takes away what is void, then appends."""

    def __init__(self) -> None:
        self._frames: dict[str, pl.DataFrame] = {}

    def take(self, table: str, new: pl.DataFrame, void: pl.DataFrame, identity: list[str]) -> None:
        old = self._frames.get(table, new.clear())
        if len(void):
            left = old.join(void, on=identity, how="anti", nulls_equal=True)
            if table != "incident":  # an incident's row is replaced; all else that is void was told before
                assert len(old) - len(left) == len(void), f"{table}: what is void was never told"
            old = left
        self._frames[table] = pl.concat([old, new])

    def rows(self, table: str, *order: str) -> list[dict[str, Any]]:
        frame = self._frames.get(table)
        return [] if frame is None else _plain(frame.sort(*order, nulls_last=True))


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows with text as text and times in seconds since the beginning."""
    micro = {name for name in frame.columns if name in ("time", "now") and frame.schema[name] == pl.Int64}
    dates = {name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)}
    seconds = [(pl.col(name).cast(pl.Int64) - T0) / SECOND for name in micro | dates]
    texts = [pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype == pl.Categorical]
    return frame.with_columns(*seconds, *texts).to_dicts()
