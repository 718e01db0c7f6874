from hypothesis import given
from hypothesis import strategies as st

from targets.gnmi import index, paths
from targets.gnmi.index import Index
from tests.targets.gnmi import trees


def pattern(text: str) -> paths.Pattern:
    return paths.pattern(paths.elements(text))


@given(st.lists(trees.asked, max_size=6), st.one_of(trees.branches, trees.leaves))
def test_a_path_reaches_exactly_those_who_asked_for_it(asked: list[str], path: str) -> None:
    found: Index[int] = Index()
    for number, text in enumerate(asked):
        found.add(pattern(text), number)
    expected = {number for number, text in enumerate(asked) if trees.covers(text, path)}
    assert set(found.reach(paths.elements(path)).askers) == expected


@given(st.lists(trees.asked, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6), trees.branches)
def test_who_has_left_is_reached_no_more_and_leaves_nothing_behind(
    asked: list[str], leaves: list[bool], path: str
) -> None:
    found: Index[int] = Index()
    for number, text in enumerate(asked):
        found.add(pattern(text), number)
    for number, text in enumerate(asked):
        if leaves[number]:
            found.remove(pattern(text), number)
    left = [(number, text) for number, text in enumerate(asked) if not leaves[number]]
    assert set(found.reach(paths.elements(path)).askers) == {
        n for n, text in left if trees.covers(text, path)
    }
    for number, text in left:
        found.remove(pattern(text), number)
    assert not found._root.below
    assert not found._root.askers


@given(trees.asked, trees.branches, trees.leaves)
def test_what_goes_on_below_is_told_as_the_rest_of_the_pattern(asked: str, branch: str, below: str) -> None:
    found: Index[int] = Index()
    found.add(pattern(asked), 1)
    reached = found.reach(paths.elements(branch))
    rests = [paths.text_of(rest) for rest, _ in index.beyond(reached)]
    covered = bool(reached.askers) or any(trees.covers(rest, below) for rest in rests)
    assert covered == trees.covers(asked, branch + below)


@given(trees.asked, trees.asked, trees.leaves)
def test_patterns_that_share_a_path_overlap(one: str, other: str, path: str) -> None:
    if trees.covers(one, path) and trees.covers(other, path):
        assert paths.overlap(pattern(one), pattern(other))


@given(trees.asked, trees.leaves)
def test_covers_is_the_plain_reading_of_the_conventions(asked: str, path: str) -> None:
    assert paths.covers(pattern(asked), paths.elements(path)) == trees.covers(asked, path)
