"""The shapes of paths: which updates mean the same thing, found without looking at each.

Two paths have the same shape if they have the same origin, the same element names and the same key names in
the same places; only key values differ. In Arrow's layout the names of one path's elements lie side by side,
so that names of a path are one slice of bytes, hashed as it lies there. A batch has millions of paths and
some dozens of shapes; only shapes are walked through the profile's tree.
"""

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.decode.plan import ListKey, Node, Plan
from pipeline.decode.wire import Paths

# odd constants (from the golden ratio and its like) that keep the parts of a combined hash apart
_MIX: Final = tuple(
    np.uint64(odd)
    for odd in (
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    )
)


NO_PREFIX: Final = Paths(
    origin=pa.array([""], pa.string()),
    elem_start=np.zeros(2, dtype=np.int32),
    name=pa.array([], pa.string()),
    key_start=np.zeros(1, dtype=np.int32),
    key_name=pa.array([], pa.string()),
    key_value=pa.array([], pa.string()),
)
"""What stands in front of a path that is a prefix itself."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a path's value of a list key stands: the n-th key of the prefix, or of the path itself."""

    in_prefix: bool
    at: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What all paths of one shape mean."""

    node: Node | None
    """None: the profile knows no such path."""
    keys: dict[ListKey, Bound]
    text: str
    """The path without key values, as people read it."""


def slice_hash(strings: pa.StringArray, start: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return one hash per run of strings: run i has those from ``start[i]`` to ``start[i + 1]``.

    Equal hashes mean equal runs, lengths of the single strings included.
    """
    ends = _offsets(strings)
    text = pa.Array.from_buffers(
        pa.binary(), len(start) - 1, [None, pa.py_buffer(ends[start]), strings.buffers()[2]]
    )
    return _hash(text) * _MIX[0] + _number_hash(np.diff(ends), start) * _MIX[1]


def shape_codes(paths: Paths) -> NDArray[np.uint64]:
    """Return one code per path; paths with equal codes have the same shape."""
    keys_of_elements = np.diff(paths.key_start)
    code = slice_hash(paths.name, paths.elem_start) * _MIX[2]
    code += _number_hash(keys_of_elements, paths.elem_start) * _MIX[3]
    if len(paths.key_name):
        code += slice_hash(paths.key_name, paths.first_key) * _MIX[4]
    if paths.origin.null_count < len(paths) and pa.compute.max(paths.origin).as_py():
        code += cast("pl.Series", pl.from_arrow(paths.origin)).hash(seed=1).to_numpy()
    return code


def resolve(plan: Plan, prefixes: Paths, prefix: int, paths: Paths, path: int) -> Shape:
    """Return the shape of one path below one prefix, both by number."""
    origin, names = _elements(prefixes, prefix)
    own_origin, own_names = _elements(paths, path)
    text = "/".join(name for name, _ in (*names, *own_names))
    node: Node | None = plan.root
    keys: dict[ListKey, Bound] = {}
    known = plan.profile
    if (own_origin or origin) not in known.origins:
        return Shape(None, {}, f"{own_origin or origin}:/{text}")
    for in_prefix, part in ((True, names), (False, own_names)):
        position = 0
        for wire_name, wire_keys in part:
            module, _, name = wire_name.rpartition(":")
            foreign = not module.startswith(known.module_prefix) if module else False
            node = None if node is None or foreign else node.children.get(name)
            if node is None:
                return Shape(None, {}, f"/{text}")
            for offset, key in enumerate(wire_keys):
                keys[node.depth, key.rpartition(":")[2]] = Bound(in_prefix, position + offset)
            position += len(wire_keys)
    return Shape(node, keys, f"/{text}")


def _elements(paths: Paths, path: int) -> tuple[str, list[tuple[str, list[str]]]]:
    """Return origin and element names, each with its key names, of one path."""
    found: list[tuple[str, list[str]]] = []
    for element in range(paths.elem_start[path], paths.elem_start[path + 1]):
        first, end = paths.key_start[element], paths.key_start[element + 1]
        found.append((paths.name[element].as_py(), paths.key_name[first:end].to_pylist()))
    origin = paths.origin[path].as_py() or ""
    if found and not origin and found[0][0].endswith(":"):
        # an origin as an element of its own, or in front of the first: "openconfig:"
        origin = found.pop(0)[0][:-1]
    return origin, found


def _offsets(strings: pa.StringArray) -> NDArray[np.int32]:
    return np.frombuffer(strings.buffers()[1], dtype=np.int32)[
        strings.offset : strings.offset + len(strings) + 1
    ]


def _number_hash(numbers: NDArray[np.int32], start: NDArray[np.int32]) -> NDArray[np.uint64]:
    data = pa.py_buffer(np.ascontiguousarray(numbers))
    ends = pa.py_buffer(start * np.int32(numbers.itemsize))
    return _hash(pa.Array.from_buffers(pa.binary(), len(start) - 1, [None, ends, data]))


def _hash(slices: pa.BinaryArray) -> NDArray[np.uint64]:
    return cast("pl.Series", pl.from_arrow(slices)).hash().to_numpy()
