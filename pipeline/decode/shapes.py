"""Shapes: what the paths of one shape mean in the tree of a profile."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.decode.paths import Element
from pipeline.decode.plan import ListKey, Node, Plan

WireShape = tuple[str, tuple[Element, ...]]
"""Origin and elements of a path, without key values."""
NO_PREFIX: WireShape = ("", ())


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
    keys: Mapping[ListKey, Bound]
    text: str
    """The path without key values, as people read it."""
    own_from: int = 0
    """Depth of the first element after the prefix; less where an element in front only says the origin."""


def resolve(plan: Plan, prefix: WireShape, path: WireShape) -> Shape:
    """Return what a path below a prefix means."""
    prefix_origin, above = _without_origin(prefix)
    own_origin, own = _without_origin(path)
    text = "/".join(name for name, _ in (*above, *own))
    known = plan.profile
    if (own_origin or prefix_origin) not in known.origins:
        return Shape(None, {}, f"{own_origin or prefix_origin}:/{text}")
    node: Node | None = plan.root
    keys: dict[ListKey, Bound] = {}
    for in_prefix, part in ((True, above), (False, own)):
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
    return Shape(node, keys, f"/{text}", len(above) - (len(path[1]) - len(own)))


def _without_origin(shape: WireShape) -> WireShape:
    """Return origin and elements; an origin may stand as an element of its own in front: ``openconfig:``."""
    origin, elements = shape
    if elements and not origin and elements[0][0].endswith(":"):
        return elements[0][0][:-1], elements[1:]
    return shape
