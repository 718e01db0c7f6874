"""Where the nodes of a topology stand in its picture, and the lines between them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.report.shapes import Edge, Node, Topology
from pipeline.safe_text import clean

WIDTH: Final = 1_080
_TIER: Final = 140
_TOP: Final = 16
_WIDEST: Final = 150
_GAP: Final = 12
HEIGHT_OF_BOX: Final = 48
_CHARACTER: Final = 7.4
"""Width of one at the size of names."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node in the picture."""

    node: Node
    x: float
    y: float
    width: float
    label: str
    note: str

    @property
    def middle(self) -> float:
        """Return its middle from the left."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the picture."""

    edge: Edge
    path: str
    x: float
    y: float
    """Where its note stands."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A topology with places."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    """What works first: what failed is drawn over it."""


def laid(topology: Topology) -> Picture:
    """Return the picture of a topology: tiers one below the other."""
    tiers = sorted({node.tier for node in topology.nodes})
    boxes = [
        box
        for row, tier in enumerate(tiers)
        for box in _row([node for node in topology.nodes if node.tier == tier], _TOP + row * _TIER)
    ]
    places = {box.node.name: box for box in boxes}
    lines = [
        _line(edge, places, at)
        for at, edge in enumerate(sorted(topology.edges, key=lambda edge: edge.state == "failed"))
    ]
    curved = any(places[edge.one].y == places[edge.other].y for edge in topology.edges)
    bottom = max((box.y for box in boxes), default=0) + HEIGHT_OF_BOX + _TOP
    return Picture(WIDTH, round(bottom + (40 if curved else 0)), tuple(boxes), tuple(lines))


def _row(nodes: list[Node], y: float) -> list[Box]:
    share = WIDTH / len(nodes)
    width = min(_WIDEST if nodes[0].tier < 2 else 2 * _WIDEST, share - _GAP)
    fit = max(4, int(width / _CHARACTER))
    return [
        Box(
            node,
            round(share * at + (share - width) / 2, 1),
            y,
            round(width, 1),
            _short(node.name, fit),
            _short(node.note, fit),
        )
        for at, node in enumerate(nodes)
    ]


def _line(edge: Edge, places: Mapping[str, Box], at: int) -> Line:
    upper, lower = sorted((places[edge.one], places[edge.other]), key=lambda box: (box.y, box.x))
    if upper.y == lower.y:
        y = upper.y + HEIGHT_OF_BOX
        middle, deep = (upper.middle + lower.middle) / 2, y + 36
        return Line(
            edge,
            f"M{upper.middle:.1f},{y:.1f} Q{middle:.1f},{deep:.1f} {lower.middle:.1f},{y:.1f}",
            middle,
            deep,
        )
    first, last = upper.y + HEIGHT_OF_BOX, lower.y
    part = (0.35, 0.5, 0.65)[at % 3]  # lines that cross have their notes beside each other
    return Line(
        edge,
        f"M{upper.middle:.1f},{first:.1f} L{lower.middle:.1f},{last:.1f}",
        round(upper.middle + (lower.middle - upper.middle) * part, 1),
        round(first + (last - first) * part, 1),
    )


def _short(text: str, fit: int) -> str:
    text = clean(text)
    return text if len(text) <= fit else f"{text[: fit - 1]}…"
