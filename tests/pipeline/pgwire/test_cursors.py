import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pgwire.commands import Fetch
from pipeline.pgwire.cursors import Portal, fetched, require_scroll
from pipeline.pgwire.prepared import Statement
from pipeline.pgwire.refusal import RefusalError


def stepwise(fetch: Fetch, position: int, rows: int) -> tuple[list[int], int]:
    """Return what PostgreSQL fetches, a step at a time; rows are numbered from 1 on."""
    count = fetch.count
    if fetch.direction in {"absolute", "relative"}:
        assert count is not None
        if fetch.direction == "relative":
            place = position + count
        else:
            place = count if count >= 0 else rows + 1 + count
        place = min(max(place, 0), rows + 1)
        return ([place] if 1 <= place <= rows else []), place
    step = 1 if fetch.direction == "forward" else -1
    if count is not None and count < 0:
        count, step = -count, -step
    if count == 0:
        return ([position] if 1 <= position <= rows else []), position
    found: list[int] = []
    while count is None or len(found) < count:
        position = min(max(position + step, 0), rows + 1)
        if not 1 <= position <= rows:
            break
        found.append(position)
    return found, position


fetches = st.builds(
    Fetch,
    st.just("c"),
    st.sampled_from(["forward", "backward"]),
    st.none() | st.integers(-4, 8),
    st.booleans(),
) | st.builds(
    Fetch, st.just("c"), st.sampled_from(["absolute", "relative"]), st.integers(-8, 8), st.booleans()
)


@settings(max_examples=50)
@given(st.integers(0, 6), st.lists(fetches, max_size=6))
def test_a_cursor_moves_as_in_postgresql(rows: int, moves: list[Fetch]) -> None:
    position = there = 0
    for fetch in moves:
        places, position = fetched(fetch, position, rows)
        expected, there = stepwise(fetch, there, rows)
        assert ([place + 1 for place in places], position) == (expected, there)


@pytest.mark.parametrize(
    ("direction", "count"),
    [("backward", 1), ("backward", None), ("forward", -1), ("absolute", 1), ("relative", -1)],
)
def test_without_scroll_nothing_goes_back(direction: str, count: int | None) -> None:
    with pytest.raises(RefusalError, match="SCROLL"):
        require_scroll(Fetch("c", direction, count, moves=False), Portal(Statement("select 1"), scroll=False))
    require_scroll(Fetch("c", direction, count, moves=False), Portal(Statement("select 1"), scroll=True))
    require_scroll(Fetch("c", "forward", 5, moves=False), Portal(Statement("select 1"), scroll=False))
