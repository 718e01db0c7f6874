"""Small trees, differences and subscribed paths for laws: few names, so that they meet often."""

from hypothesis import strategies as st

from targets.gnmi import paths
from targets.tree import Delta, Value, entry

NAMES = ("a", "b")
VALUES = ("1", "x/y", "]", "\\")

_entries = st.builds(
    lambda name, key, other: entry(name, k=key, m=other),
    st.sampled_from(("list", "other")),
    st.sampled_from(VALUES),
    st.sampled_from(("1", "2")),
)
_elements = st.one_of(st.sampled_from(NAMES), _entries)
_leaf_names = st.sampled_from(("leaf", "more"))

branches = st.lists(_elements, min_size=1, max_size=4).map(lambda parts: "".join(f"/{one}" for one in parts))
leaves = st.tuples(branches, _leaf_names).map("/".join)
values: st.SearchStrategy[Value] = st.one_of(
    st.text(max_size=3),
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.binary(max_size=3),
    st.lists(st.text(max_size=2), max_size=2).map(tuple),
)

_wild_elements = st.one_of(
    _elements,
    st.sampled_from(
        ("*", "...", "list", "other", "list[k=1]", "list[m=2]", "list[k=*][m=1]", "*[k=1]", "leaf")
    ),
)
asked = st.lists(_wild_elements, max_size=4).map(lambda parts: "".join(f"/{one}" for one in parts))

_deltas = st.builds(
    Delta,
    st.dictionaries(leaves, values, max_size=6),
    st.lists(st.one_of(branches, leaves), max_size=3).map(tuple),
)
changes = st.lists(_deltas, max_size=8)


def covers(pattern: str, path: str) -> bool:
    """Tell whether a path lies at or below a pattern: the plain reading of the conventions."""
    want, have = ([(it.name, dict(it.keys)) for it in paths.elements(one)] for one in (pattern, path))

    def matches(i: int, j: int) -> bool:
        if i == len(want):
            return True
        name, keys = want[i]
        if name == "...":
            return any(matches(i + 1, at) for at in range(j, len(have) + 1))
        if j == len(have) or name not in ("*", have[j][0]):
            return False
        if any(value not in ("*", have[j][1].get(key)) for key, value in keys.items()):
            return False
        return matches(i + 1, j + 1)

    return matches(0, 0)


def key_sorted(path: str) -> str:
    """Return a path with its keys in alphabetical order."""
    return paths.text_of(paths.elements(path))
