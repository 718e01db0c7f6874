"""Laws of applying partial rows: a batch does what its rows do one by one, whatever the batching."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.apply.entity import EntityState
from pipeline.apply.expansion import EntitySweep
from pipeline.apply.records import Records
from pipeline.schema import NAME, Entity, partial_schema

THING = Entity("thing", keys={"a": NAME, "b": pl.UInt32}, leaves={"x": pl.UInt32, "s": NAME, "f": pl.Boolean})
SECOND = 1_000_000


@dataclass(frozen=True)
class Row:
    device: str
    a: str | None
    b: int | None
    op: str
    x: int | None = None
    s: str | None = None
    f: bool | None = None
    cleared: int = 0


@dataclass(frozen=True)
class Sync:
    device: str


Step = Row | Sync
names = st.sampled_from(["d1", "d2"])
own_rows = st.builds(
    Row,
    device=names,
    a=st.none() | st.sampled_from(["p", "q"]),
    b=st.none() | st.integers(0, 1),
    op=st.sampled_from(["update", "update", "replace", "delete"]),
    x=st.none() | st.integers(0, 2),
    s=st.none() | st.sampled_from(["u", "v"]),
    f=st.none() | st.booleans(),
    cleared=st.sampled_from([0, 0, 1, 4]),
).map(lambda r: r if r.op != "delete" else Row(r.device, r.a, r.b, r.op))
branches = st.builds(
    Row,
    device=names,
    a=st.none() | st.sampled_from(["p", "q"]),
    b=st.none() | st.integers(0, 1),
    op=st.sampled_from(["branch", "atomic"]),
    cleared=st.sampled_from([0, 0, 1, 2]),
).map(
    lambda r: Row(
        r.device, None if r.cleared & 1 else r.a, None if r.cleared & 2 else r.b, r.op, cleared=r.cleared
    )
)
steps = st.lists(own_rows | own_rows | own_rows | branches | st.builds(Sync, names), max_size=30)


def records_of(first: int, stream: list[Step], sessions: dict[str, int]) -> tuple[Records, list[EntitySweep]]:
    """One record per step; a sync ends a session's dump and the next row of the device is a new session's."""
    size = len(stream)
    time = (np.arange(size) + first) * SECOND
    number = np.zeros(size, dtype=np.int64)
    sweeps = []
    for at, step in enumerate(stream):
        number[at] = sessions.setdefault(step.device, 0)
        if isinstance(step, Sync):
            code = int(pl.Series([step.device]).cast(NAME).to_physical()[0])
            sweeps.append(EntitySweep(at, code, 0, int(number[at])))
            sessions[step.device] += 1
    device = pl.Series([step.device for step in stream], dtype=pl.String).cast(NAME).to_physical()
    false = np.zeros(size, dtype=bool)
    return Records(
        offset=np.arange(size) + first,
        now=time,
        record_time=time,
        recv_time=time,
        event_time=time,
        valid_time=time,
        session_clock=time,
        order_time=time,
        late=false,
        device=device.to_numpy(),
        family=np.zeros(size, dtype=np.uint32),
        session=number,
        accepted=~false,
        dump=false,
        known_until=time,
        kind=np.ones(size, dtype=np.uint8),
    ), sweeps


def partial_of(stream: list[Step]) -> pl.DataFrame:
    rows = [
        {"record": at, "index": 0, **{k: v for k, v in vars(step).items() if k != "device"}}
        for at, step in enumerate(stream)
        if isinstance(step, Row)
    ]
    return pl.DataFrame(rows, schema=partial_schema(THING))


def facts_of(state: EntityState, first: int, stream: list[Step], sessions: dict[str, int]) -> list[Any]:
    records, sweeps = records_of(first, stream, sessions)
    changes = state.apply(partial_of(stream), records, sweeps)
    facts = changes.facts(records)
    closed = changes.closed(records)
    columns = ["offset", "device", "a", "b", "x", "s", "f", "reason"]
    ended = ["device", "a", "b", "x", "s", "f", "valid_from", "valid_to", "opened_offset", "closed_reason"]
    return [sorted(facts.select(columns).rows(), key=repr), sorted(closed.select(ended).rows(), key=repr)]


def lies_below(step: Row, key: tuple[str, str | None, int | None]) -> bool:
    """Whether an entity's keys are those of a branch, and unset where the branch says so."""
    pairs = ((step.a, key[1], step.cleared & 1), (step.b, key[2], step.cleared & 2))
    return all(has is None if unset else wanted in (None, has) for wanted, has, unset in pairs)


def merged(step: Row, before: dict[str, Any] | None) -> dict[str, Any]:
    """What an update or replace makes of an entity."""
    base = dict(before or {}) if step.op == "update" else {}
    after = {}
    for bit, name in enumerate(("x", "s", "f")):
        value = getattr(step, name)
        cleared = bool(step.cleared >> bit & 1)
        after[name] = value if value is not None or cleared else base.get(name)
    return after


def model(stream: list[Step]) -> list[tuple[Any, ...]]:
    """The same, one step after the other, with dicts."""
    state: dict[tuple[str, str | None, int | None], dict[str, Any]] = {}
    touched: dict[Any, int] = {}
    sessions: dict[str, int] = {}
    facts = []

    def settle(at: int, key: Any, after: dict[str, Any] | None, reason: str) -> None:
        before = state.get(key)
        if after == before:
            return
        shown = before if after is None else after
        assert shown is not None
        facts.append((at, *key, shown["x"], shown["s"], shown["f"], reason))
        if after is None:
            del state[key]
        else:
            state[key] = after

    for at, step in enumerate(stream):
        number = sessions.setdefault(step.device, 0)
        if isinstance(step, Sync):
            for key in [k for k in state if k[0] == step.device and touched[k] != number]:
                settle(at, key, None, "resync_missing")
            sessions[step.device] += 1
        elif step.op in ("branch", "atomic"):
            hit = [key for key in state if key[0] == step.device and lies_below(step, key)]
            for key in hit:
                settle(at, key, None, step.op)
        else:
            key = (step.device, step.a, step.b)
            if step.op == "delete":
                settle(at, key, None, "delete")
                continue
            touched[key] = number
            settle(at, key, merged(step, state.get(key)), "update")
    return facts


@given(steps)
def test_a_batch_does_what_its_rows_do_one_by_one(stream: list[Step]) -> None:
    got, _ = facts_of(EntityState(THING), 0, stream, {})

    assert got == sorted(model(stream), key=repr)


@given(steps, st.lists(st.integers(0, 30), max_size=5))
def test_batching_changes_nothing(stream: list[Step], cuts: list[int]) -> None:
    whole = facts_of(EntityState(THING), 0, stream, {})
    state, sessions = EntityState(THING), dict[str, int]()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parts: list[Any] = [[], []]
    for start, end in pairwise(edges):
        for total, part in zip(parts, facts_of(state, start, stream[start:end], sessions), strict=True):
            total.extend(part)

    assert [sorted(part, key=repr) for part in parts] == whole


@given(steps)
def test_intervals_of_a_key_never_overlap_and_end_where_the_next_begins(stream: list[Step]) -> None:
    _, closed = facts_of(EntityState(THING), 0, stream, {})
    by_key: dict[Any, list[Any]] = {}
    for row in sorted(closed, key=lambda row: row[6]):
        by_key.setdefault(row[:3], []).append(row)

    for rows in by_key.values():
        assert all(row[6] <= row[7] for row in rows)
        assert all(a[7] <= b[6] for a, b in pairwise(rows))


def test_a_deleted_row_keeps_its_last_known_values_in_the_fact() -> None:
    facts, closed = facts_of(
        EntityState(THING), 0, [Row("d1", "p", 0, "update", x=2), Row("d1", "p", 0, "delete")], {}
    )

    assert facts[1][4:] == (2, None, None, "delete")
    assert closed[0][9] == "delete"
