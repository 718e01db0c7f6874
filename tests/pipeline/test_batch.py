"""Raw batches: joining and cutting are each other's inverse."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch import concatenate, cut
from tests.pipeline.raw_batches import content, numbered


@given(st.integers(0, 40), st.lists(st.integers(0, 40), max_size=5))
def test_a_batch_cut_anywhere_and_joined_again_is_the_same(count: int, places: list[int]) -> None:
    whole = numbered(7, count)
    edges = sorted({0, count, *(min(place, count) for place in places)})
    parts = [cut(whole, start, end) for start, end in itertools.pairwise(edges)]
    assert content(concatenate(parts or [whole])) == content(whole)
