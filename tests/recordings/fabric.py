"""What a recording says of its own fabric: who is linked to whom, who serves VNIs, what FRR calls duplicate.

Read with no code of the product; nothing here knows a node's name.
"""

import gzip
import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Mac = tuple[int, str]
"""VNI and MAC address."""


@dataclass(frozen=True)
class Port:
    """One end of a link."""

    node: str
    name: str


@dataclass(frozen=True)
class Fabric:
    """The nodes of a recording as its first polls show them."""

    vteps: dict[str, str]
    """Leaf to the address of its VTEP: who has one is a leaf."""
    links: tuple[tuple[Port, Port], ...]
    """Point-to-point links: subnets that two nodes are connected to."""

    def peer(self, port: Port) -> Port:
        """Return the other end of a link."""
        return next(b if a == port else a for a, b in self.links if port in (a, b))

    def uplinks(self) -> list[tuple[str, str, Port]]:
        """Return leaf, spine and the spine's port of every link between the two kinds."""
        return [
            (leaf.node, spine.node, spine)
            for ends in self.links
            for leaf, spine in (ends, ends[::-1])
            if leaf.node in self.vteps and spine.node not in self.vteps
        ]


def fabric_of(directory: Path) -> Fabric:
    """Return the fabric of a recording."""
    vteps: dict[str, str] = {}
    subnets: dict[str, list[Port]] = defaultdict(list)
    for path in sorted(directory.glob("poll-*.jsonl.gz")):
        poll = next(_polls(path))
        documents = poll["docs"]
        for vni in documents.get("show evpn vni detail json") or []:
            if "vtepIp" in vni:
                vteps[poll["node"]] = vni["vtepIp"]
        for route in documents["ip -j route"]:
            if "prefsrc" in route and _is_point_to_point(route["dst"]):
                subnets[route["dst"]].append(Port(poll["node"], route["dev"]))
    links = ((ports[0], ports[1]) for ports in subnets.values() if len(ports) == 2)
    return Fabric(vteps, tuple(sorted(links, key=str)))


def verdicts_of(directory: Path) -> dict[Mac, tuple[float, float]]:
    """Return the MACs that FRR itself calls duplicate, with the first and the last poll that says so."""
    said: dict[Mac, tuple[float, float]] = {}
    for path in sorted(directory.glob("poll-*.jsonl.gz")):
        for poll in _polls(path):
            tables = poll["docs"].get("show evpn mac vni all detail json")
            if not isinstance(tables, dict):
                continue
            for vni, table in tables.items():
                for mac, entry in table["macs"].items():
                    if entry.get("isDuplicate"):
                        first, last = said.get((int(vni), mac), (poll["ts"], poll["ts"]))
                        said[int(vni), mac] = min(first, poll["ts"]), max(last, poll["ts"])
    return said


def _polls(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        for line in lines:
            yield orjson.loads(line)


def _is_point_to_point(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return False  # "default"
    return network.num_addresses == 2
