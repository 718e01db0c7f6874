"""Differences gathered and put together do what they do one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from targets.simulated.saying import Saying, together
from targets.tree import Value, diff, patched

ENTRIES = [f"/list/entry[name={name}]" for name in "abc"]
LEAVES = [
    f"{entry}{branch}/state/{leaf}"
    for entry in ENTRIES
    for branch in ("", "/inner[key=1]", "/inner[key=2]")
    for leaf in ("one", "two")
]
TREES: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(LEAVES), st.integers(0, 2))


@given(TREES, TREES, TREES)
def test_two_differences_together_do_what_they_do_in_turn(
    first: dict[str, Value], second: dict[str, Value], third: dict[str, Value]
) -> None:
    both = together(diff(first, second), diff(second, third))
    assert patched(first, both) == third


@given(TREES, TREES)
def test_what_is_said_of_a_replacement_makes_it(old: dict[str, Value], new: dict[str, Value]) -> None:
    saying = Saying()
    saying.replace("es", old, new)
    said = dict(saying.deltas())
    assert patched(old, said["es"]) == new if old != new else not said


def test_nothing_new_is_nothing_to_say() -> None:
    saying = Saying()
    saying.replace("es", {LEAVES[0]: 1}, {LEAVES[0]: 1})
    assert list(saying.deltas()) == []
