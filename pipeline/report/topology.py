"""The part of the fabric that matters: devices, segments, what connects them, and what of it failed. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pipeline.report.shapes import Edge, Node, State, Topology
from pipeline.report.structure import Structure

MOST_IN_TIER: Final = 14
"""Nodes beside each other that can be read."""
_RANK: Final[Mapping[State, int]] = {"failed": 0, "silent": 1, "touched": 2, "well": 3}


@dataclass(frozen=True)
class Marks:
    """What incidents say of devices and segments."""

    failed: Mapping[str, str] = field(default_factory=dict)
    """By device: what is wrong with it."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """By device: that nothing was heard of it."""
    places: Mapping[str, str] = field(default_factory=dict)
    """By device: what was there."""
    segments: frozenset[str] = frozenset()
    """ESIs that they are about."""
    everything: bool = False
    """They are about all that happened in that time."""

    def about(self, edge: Edge) -> bool:
        """Return whether what an edge lost belongs to it."""
        return self.everything or any(
            name in self.failed or name in self.silent or name in self.segments
            for name in (edge.one, edge.other)
        )


def topology(
    found: Structure,
    devices: Iterable[str],
    owned: Mapping[str, str],
    marks: Marks,
    focus: tuple[datetime, datetime],
) -> Topology:
    """Return devices in two tiers, what connects them, and segments that are about.

    ``owned``: whose an address is.
    """
    sessions, strangers = _sessions(found, owned, focus)
    sessions, legs = _apart(sessions, marks), _apart(_legs(found, marks, focus), marks)
    touched = {
        name for edge in (*sessions, *legs) if edge.state == "failed" for name in (edge.one, edge.other)
    }
    every = {*devices, *found.leaves, *(device for device, _, _ in found.sessions)}
    nodes = [_device(name, found, marks, touched) for name in every]
    nodes += [_segment(esi, legs) for esi in {edge.other for edge in legs}]
    kept = _kept(nodes, sessions)
    shown = {node.name for node in kept}
    return Topology(
        nodes=tuple(sorted(kept, key=lambda node: (node.tier, natural(node.name)))),
        edges=tuple(edge for edge in (*sessions, *legs) if edge.one in shown and edge.other in shown),
        left_out=len(nodes) - len(kept),
        unknown_peers=tuple(sorted(strangers, key=natural)),
    )


def owners(addresses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return whose an address is, from (device, address); one of several devices is nobody's."""
    found: dict[str, set[str]] = defaultdict(set)
    for device, address in addresses:
        found[address].add(device)
    return {address: next(iter(names)) for address, names in found.items() if len(names) == 1}


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that puts leaf-2 before leaf-10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part)
        for part in re.findall(r"[0-9]+|[^0-9]+", name)
    )


def _sessions(
    found: Structure, owners: Mapping[str, str], focus: tuple[datetime, datetime]
) -> tuple[list[Edge], set[str]]:
    pairs: dict[tuple[str, str], list[tuple[bool, float, bool]]] = defaultdict(list)
    strangers: set[str] = set()
    for (device, _, peer), life in found.sessions.items():
        other = owners.get(peer)
        if other is None:
            strangers.add(peer)
        elif other != device:
            first, second = sorted((device, other), key=natural)
            failed = life.failed(*focus)
            pairs[first, second].append((failed, life.down(*focus), life.at(focus[1]) is False))
    edges = []
    for (one, other), told in sorted(pairs.items()):
        failed = any(lost for lost, _, _ in told)
        longest = max(down for _, down, _ in told)
        still = any(lost and at_end for lost, _, at_end in told)
        note = f"down {longest:.0f} s{', still' if still else ''}" if failed else ""
        edges.append(Edge(one, other, "failed" if failed else "well", note))
    return edges, strangers


def _legs(found: Structure, marks: Marks, focus: tuple[datetime, datetime]) -> list[Edge]:
    failed = {key: life.failed(*focus) for key, life in found.legs.items()}
    lost = {esi for (esi, _), one in failed.items() if one}
    wanted = marks.segments | lost
    return [
        Edge(
            device,
            esi,
            "failed" if failed[esi, device] else "well",
            f"lost {life.down(*focus):.0f} s" if failed[esi, device] else "",
        )
        for (esi, device), life in sorted(found.legs.items())
        if esi in wanted
    ]


def _apart(edges: Iterable[Edge], marks: Marks) -> list[Edge]:
    """Return the edges, those that failed for another reason marked as such."""
    return [
        replace(edge, state="touched", note=f"{edge.note}, other")
        if edge.state == "failed" and not marks.about(edge)
        else edge
        for edge in edges
    ]


def _device(name: str, found: Structure, marks: Marks, touched: set[str]) -> Node:
    tier = 1 if name in found.leaves else 0
    if name in marks.failed:
        return Node(name, tier, "failed", marks.failed[name])
    if name in marks.silent:
        return Node(name, tier, "silent", marks.silent[name])
    note = marks.places.get(name, "")
    return Node(name, tier, "touched" if note or name in touched else "well", note)


def _segment(esi: str, legs: Iterable[Edge]) -> Node:
    mine = [edge for edge in legs if edge.other == esi]
    lost = sum(edge.state == "failed" for edge in mine)
    note = f"{lost} of {len(mine)} legs lost" if lost else ""
    state: State = "failed" if lost == len(mine) else "touched" if lost else "well"
    return Node(esi, 2, state, note)


def _kept(nodes: list[Node], sessions: Iterable[Edge]) -> list[Node]:
    """Return of each tier the nodes that matter most, and neighbours of what failed."""
    marked = {node.name for node in nodes if node.state in ("failed", "silent")}
    beside = {name for edge in sessions if marked & {edge.one, edge.other} for name in (edge.one, edge.other)}
    kept: list[Node] = []
    for tier in (0, 1, 2):
        mine = [node for node in nodes if node.tier == tier]
        mine.sort(key=lambda node: (_RANK[node.state], node.name not in beside, natural(node.name)))
        kept += mine[:MOST_IN_TIER]
    return kept
