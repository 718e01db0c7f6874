"""Which documents feed which subscription family, and the state one observer has been heard to be in.

The unit that fails is a *source*: one or two documents that are mapped together. While a source gives no
answer its part of the tree stays as it was; other sources of the same family go on: iproute2 tells the state
of interfaces while bgpd is down and vtysh says nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from targets.frr import adjacencies, bgp, evpn, links
from targets.frr.documents import (
    ARP_CACHE,
    BFD_COUNTERS,
    BFD_PEERS,
    EVPN_ROUTES,
    EVPN_SUMMARY,
    INTERFACES,
    IP_LINK,
    IPV4_SUMMARY,
    IPV6_SUMMARY,
    ISIS_NEIGHBORS,
    MACS,
    OSPF_NEIGHBORS,
    SEGMENTS,
    VNIS,
    Document,
    Documents,
    NoAnswerError,
    object_of,
)
from targets.frr.routes import routes
from targets.openconfig.families import FAMILIES, Family
from targets.tree import Delta, Tree, Value, diff

Reads = Mapping[str, tuple[Any, ...]]
"""What a mapping reads, in pieces mapped by themselves: while a piece stays equal, so do its leaves."""


@dataclass(frozen=True)
class Source:
    """Documents that are mapped together into a part of a family's tree."""

    family: str
    documents: tuple[str, ...]
    reads: Callable[[Documents], Reads]
    mapping: Callable[..., dict[str, Value]]
    """Maps a piece."""


def _one(family: str, document: str, mapping: Callable[[Document], dict[str, Value]]) -> Source:
    return Source(family, (document,), lambda documents: {"": (documents[document],)}, mapping)


def _by_vni(family: str, document: str, mapping: Callable[[Document], dict[str, Value]]) -> Source:
    def reads(documents: Documents) -> Reads:
        return {vni: ({vni: table},) for vni, table in object_of(documents[document], "the VNIs").items()}

    return Source(family, (document,), reads, mapping)


def _routes_by_rd(documents: Documents) -> Reads:
    own_as = bgp.own_as(documents[EVPN_SUMMARY])
    return {
        rd: (own_as, {rd: table}) for rd, table in object_of(documents[EVPN_ROUTES], "the routes").items()
    }


SOURCES: Final = (
    # Where two sources of a family know the same leaf, the later one holds.
    _one("link", INTERFACES, links.zebra_interfaces),
    _one("link", IP_LINK, links.kernel_links),
    _one("bgp", IPV6_SUMMARY, bgp.sessions),
    _one("bgp", IPV4_SUMMARY, bgp.sessions),
    _one("bgp", EVPN_SUMMARY, bgp.evpn_sessions),
    Source("routes", (EVPN_SUMMARY, EVPN_ROUTES), _routes_by_rd, routes),
    _one("vtep", VNIS, evpn.vnis),
    _by_vni("mac", MACS, evpn.macs),
    _by_vni("mac", ARP_CACHE, evpn.bindings),
    _one("es", SEGMENTS, evpn.segments),
    Source(
        "bfd",
        (BFD_PEERS, BFD_COUNTERS),
        lambda documents: {"": (documents[BFD_PEERS], documents[BFD_COUNTERS])},
        adjacencies.bfd_sessions,
    ),
    _one("isis", ISIS_NEIGHBORS, adjacencies.isis_adjacencies),
    _one("ospf", OSPF_NEIGHBORS, adjacencies.ospf_neighbors),
)
UNTOLD: Final = ("lacp", "lldp")
"""Families that FRRouting has nothing of."""


@dataclass(frozen=True)
class Part:
    """The last answer of a source: what was read of it, and the leaves of each piece."""

    read: Reads
    trees: Mapping[str, Tree]


@dataclass(frozen=True)
class View:
    """What an observer was last heard to say."""

    parts: Mapping[int, Part] = field(default_factory=dict)
    """By the source's place in SOURCES."""
    trees: Mapping[str, Tree] = field(default_factory=dict)
    """The whole tree of each family heard of."""


@dataclass(frozen=True)
class Heard:
    """What one poll brought."""

    view: View
    changes: Mapping[str, Delta]
    """Per family that answered and changed; a family heard of for the first time is here in any case."""
    answers: int
    """Sources that answered."""
    unreadable: tuple[str, ...]
    """A sentence for each source whose documents came but were no answer."""


def hear(view: View, documents: Documents) -> Heard:
    """Take in the documents of one poll.

    A source without documents, or with unreadable ones, leaves its part as it was. A family is heard of from
    its first answer on; an empty answer is one.
    """
    parts = dict(view.parts)
    unreadable: list[str] = []
    answers = 0
    news: dict[str, None] = {}
    for number, source in enumerate(SOURCES):
        if not all(name in documents for name in source.documents):
            continue
        try:
            read = source.reads(documents)
            if number not in parts or parts[number].read != read:
                parts[number] = _mapped(source, read, parts.get(number, Part({}, {})))
                news[source.family] = None
        except NoAnswerError as error:
            unreadable.append(f"{source.documents[-1]}: {error}")
        else:
            answers += 1
    trees = dict(view.trees)
    changes: dict[str, Delta] = {}
    for family in news:
        known = trees.get(family, {})
        trees[family] = steadied(known, _whole(family, parts))
        delta = with_context(FAMILIES[family], diff(known, trees[family]), trees[family])
        if delta or family not in view.trees:
            changes[family] = delta
    return Heard(View(parts, trees), changes, answers, tuple(unreadable))


def _mapped(source: Source, read: Reads, before: Part) -> Part:
    """Map what was read; pieces that say the same as before keep their leaves."""
    same = {piece for piece, content in read.items() if before.read.get(piece) == content}
    trees = {
        piece: before.trees[piece] if piece in same else source.mapping(*content)
        for piece, content in read.items()
    }
    return Part(read, trees)


def _whole(family: str, parts: Mapping[int, Part]) -> Tree:
    tree: dict[str, Value] = {}
    for number, source in enumerate(SOURCES):
        if source.family == family and number in parts:
            for piece in parts[number].trees.values():
                tree |= piece
    return tree


_WAVER_NS: Final = 2_000_000_000


def steadied(old: Tree, new: Tree) -> Tree:
    """Return the new tree with times that only waver kept: bgpd's clock of a session is good to a second."""
    kept: dict[str, Value] = {}
    for path, value in new.items():
        if path.endswith(bgp.LAST_ESTABLISHED):
            before = old.get(path)
            if isinstance(before, int) and isinstance(value, int) and abs(value - before) <= _WAVER_NS:
                kept[path] = before
    return {**new, **kept} if kept else new


def with_context(family: Family, delta: Delta, tree: Tree) -> Delta:
    """Return the difference with a leaf of the enclosing entry said again beside what is new within it.

    A second producer of a MAC has the same VNI; a consumer that keeps producers needs to hear it again.
    """
    if family.context is None:
        return delta
    inner, leaf = family.context
    said = {
        path: tree[path]
        for updated in delta.updates
        if inner in updated and (path := updated.partition(inner)[0] + leaf) in tree
    }
    return Delta({**delta.updates, **said}, delta.deletes)
