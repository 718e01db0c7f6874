from hypothesis import given
from hypothesis import strategies as st

from targets.tree import Delta, Value, diff, elements, entry, entry_of, patched

key_values = st.text(alphabet="ab]\\[=/. :\n\u00e9", max_size=6)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Leaves of nested lists, with awkward keys."""
    path = ""
    for _ in range(draw(st.integers(0, 3))):
        path += "/" + entry(draw(st.sampled_from(("p", "q"))), k=draw(key_values))
    return path + "/" + draw(st.sampled_from(("state/x", "state/y", "z")))


values = st.one_of(st.integers(0, 3), st.text(max_size=2), st.tuples(st.binary(max_size=2)))
trees = st.dictionaries(paths(), values, max_size=12)


@given(trees, trees)
def test_the_difference_turns_the_old_tree_into_the_new(old: dict[str, Value], new: dict[str, Value]) -> None:
    assert patched(old, diff(old, new)) == new


@given(trees)
def test_a_tree_does_not_differ_from_itself(tree: dict[str, Value]) -> None:
    assert not diff(tree, dict(tree))


@given(trees, trees)
def test_what_did_not_change_is_not_said(old: dict[str, Value], new: dict[str, Value]) -> None:
    delta = diff(old, new)
    assert all(old.get(path) != value for path, value in delta.updates.items())
    kept = {path for path in old if path in new}
    gone = patched(old, Delta({}, delta.deletes))
    assert kept <= set(gone)


@given(st.lists(st.tuples(st.sampled_from(("p", "q-r")), key_values), max_size=4))
def test_keys_survive_quoting(parts: list[tuple[str, str]]) -> None:
    path = "".join("/" + entry(name, key_one=value, k=value) for name, value in parts)
    assert list(elements(path)) == [(name, {"key-one": value, "k": value}) for name, value in parts]


def test_the_innermost_entry_is_told_despite_slashes_and_brackets_in_keys() -> None:
    inner = "/a/" + entry("b", k="1/2") + "/" + entry("c", k="x]/y")
    assert entry_of(inner + "/state/leaf") == inner
    assert entry_of("/system/state/leaf") == ""


def test_an_entry_that_lost_all_its_leaves_is_deleted_by_its_own_path() -> None:
    old: dict[str, Value] = {"/l/e[k=1]/state/x": 1, "/l/e[k=1]/state/y": 2, "/l/e[k=2]/state/x": 3}
    assert diff(old, {"/l/e[k=2]/state/x": 3}) == Delta({}, ("/l/e[k=1]",))


def test_an_entry_that_lives_on_loses_only_the_leaf() -> None:
    old: dict[str, Value] = {"/l/e[k=1]/state/x": 1, "/l/e[k=1]/state/y": 2}
    assert diff(old, {"/l/e[k=1]/state/x": 1}) == Delta({}, ("/l/e[k=1]/state/y",))


def test_an_entry_with_a_living_entry_inside_is_not_deleted() -> None:
    old: dict[str, Value] = {"/l/e[k=1]/state/x": 1, "/l/e[k=1]/in/f[k=2]/state/y": 2}
    assert diff(old, {"/l/e[k=1]/in/f[k=2]/state/y": 2}) == Delta({}, ("/l/e[k=1]/state/x",))


def test_inner_entries_go_before_those_that_hold_them() -> None:
    old: dict[str, Value] = {"/l/e[k=1]/state/x": 1, "/l/e[k=1]/in/f[k=2]/state/y": 2}
    assert diff(old, {}).deletes == ("/l/e[k=1]/in/f[k=2]", "/l/e[k=1]")
