from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pgwire.guard import Growth


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 100)), max_size=20))
def test_growth_is_counted_from_the_least_within_the_time(steps: list[tuple[int, int]]) -> None:
    growth, seen, now = Growth(5.0), [], 0
    for passed, size in steps:
        now += passed
        seen.append((now, size))
        assert growth.add(now, size) == size - min(size for at, size in seen if at >= now - 5)
