"""What a device stops sampling is gone after three intervals of its own session, and not before."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.apply.entity import EntityState
from pipeline.apply.records import Records
from pipeline.schema import NAME, Entity, partial_schema

THING = Entity("thing", keys={"a": NAME}, leaves={"x": pl.UInt32})
SECOND = 1_000_000
MAX_AGE = 30 * SECOND
Samples = list[tuple[int, list[str]]]
"""(seconds, names sent)"""


def records_of(seconds: list[int], first: int) -> Records:
    time = np.array(seconds, dtype=np.int64) * SECOND
    size = len(seconds)
    false = np.zeros(size, dtype=bool)
    same = np.zeros(size, dtype=np.uint32)
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
        device=same,
        family=same,
        session=np.full(size, 7, dtype=np.int64),
        accepted=~false,
        dump=false,
        known_until=time,
        kind=np.ones(size, dtype=np.uint8),
    )


def facts_of(samples: Samples, cuts: list[int]) -> list[tuple[int, str, str]]:
    """(offset, name, reason) of every change."""
    state = EntityState(THING)
    edges = [0, *sorted(min(cut, len(samples)) for cut in cuts), len(samples)]
    facts: list[tuple[int, str, str]] = []
    for start, end in pairwise(edges):
        part = samples[start:end]
        records = records_of([at for at, _ in part], start)
        rows = [
            {"record": number, "index": index, "op": "update", "cleared": 0, "a": name, "x": 1}
            for number, (_, names) in enumerate(part)
            for index, name in enumerate(names)
        ]
        partial = pl.DataFrame(rows, schema=partial_schema(THING))
        changes = state.apply(partial, records, max_ages={7: MAX_AGE})
        facts += changes.facts(records).select("offset", "a", "reason").rows()
    return sorted(facts)


@pytest.mark.parametrize(("last", "gone"), [(29, False), (30, True)])
def test_an_entity_is_gone_after_three_intervals_without_it(last: int, *, gone: bool) -> None:
    facts = facts_of([(0, ["p", "q"]), (10, ["p"]), (20, ["p"]), (last, ["p"])], [])

    assert ((3, "q", "aged_out") in facts) is gone


def test_a_silent_session_ages_nothing() -> None:
    assert facts_of([(0, ["p"]), (1000, ["p"])], [1]) == [(0, "p", "update")]


def test_an_entity_that_comes_back_is_new() -> None:
    facts = facts_of([(0, ["p", "q"]), (20, ["q"]), (31, ["q"]), (40, ["p", "q"])], [2])

    assert [fact for fact in facts if fact[1] == "p"] == [
        (0, "p", "update"),
        (2, "p", "aged_out"),
        (3, "p", "update"),
    ]


samples_of = st.lists(
    st.tuples(st.integers(1, 25), st.lists(st.sampled_from(["p", "q", "r"]), unique=True)), max_size=15
).map(lambda steps: [(sum(gap for gap, _ in steps[: at + 1]), names) for at, (_, names) in enumerate(steps)])


@given(samples_of, st.lists(st.integers(0, 15), max_size=4))
def test_batching_changes_nothing(samples: Samples, cuts: list[int]) -> None:
    assert facts_of(samples, cuts) == facts_of(samples, [])
