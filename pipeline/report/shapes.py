"""The picture of a fabric as data: what is drawn, and what failed of it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["well", "touched", "failed", "silent"]


@dataclass(frozen=True, slots=True)
class Node:
    """A device, a segment or what stands for several."""

    name: str
    tier: int
    """0 above: spines and others without VNIs; 1: leaves; 2: Ethernet segments."""
    state: State
    note: str


@dataclass(frozen=True, slots=True)
class Edge:
    """What connects two nodes: sessions between devices, or a leg of a segment."""

    one: str
    other: str
    state: State
    note: str


@dataclass(frozen=True, slots=True)
class Topology:
    """The part of the fabric that matters."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int
    """Devices that nothing happened to."""
    unknown_peers: tuple[str, ...]
    """Neighbours whose address is no known device's."""
