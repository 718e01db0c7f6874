"""What the names in a scenario stand for in the fabric it is played on: ``leaf-1``, ``po1``, ``h3``.

A name that the plan doesn't know is taken as it is: an address, an ESI, an interface.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from scenarios.scenario import Subject
from targets.simulated.design import Node, Plan

COLUMNS: Final = (
    "device",
    "vni",
    "evi",
    "mac",
    "ip",
    "esi",
    "vtep",
    "interface",
    "peer",
    "tenant",
)
"""Columns of the view ``incident`` that tell its subject."""
HOST: Final = "host"
"""Stands for VNI and MAC of a host."""
KEYS: Final = (*COLUMNS, HOST)


def subject_of(about: Mapping[str, str], plan: Plan | None) -> Subject:
    """Return the texts that are right in each column; raises ValueError for a name that is none."""
    found: dict[str, frozenset[str]] = {}
    for key, name in about.items():
        if key == HOST:
            host = None if plan is None else next((it for it in plan.hosts if it.name == name), None)
            if host is None:
                raise ValueError(f"there is no host {name!r}")
            found |= {"vni": frozenset((str(host.vni),)), "mac": frozenset((host.mac,))}
        else:
            found[key] = frozenset(_meant(key, name, plan)) if plan else frozenset((name,))
    return found


def _meant(key: str, name: str, plan: Plan) -> Iterable[str]:
    """Return what a name stands for in a column."""
    found: list[str] = []
    match key:
        case "device":
            _known(name, [node.name for node in plan.nodes], "device")
        case "vni":
            numbers = [str(vni.number) for vni in plan.vnis] + [str(vni.l3_vni) for vni in plan.vnis]
            _known(name, numbers, "VNI")
        case "esi":
            found = [it.esi_text for it in plan.segments if it.name == name]
        case "vtep":
            found = [node.address for node in plan.leaves if node.name == name]
        case "peer":
            found = [text for node in plan.nodes if node.name == name for text in _addresses(plan, node)]
        case "ip":
            found = [text for host in plan.hosts if host.name == name for text in host.ips]
        case _:
            pass
    return found or (name,)


def _addresses(plan: Plan, node: Node) -> Iterable[str]:
    """Yield all that a neighbour may know a device by."""
    yield from (node.name, node.address, node.router_mac)
    for link in plan.links:
        if node.role == "leaf" and link.leaf == node.number:
            yield link.leaf_address
        elif node.role == "spine" and link.spine == node.number:
            yield link.spine_address


def _known(name: str, names: list[str], what: str) -> None:
    if name not in names:
        raise ValueError(f"there is no {what} {name!r}: the fabric has {', '.join(dict.fromkeys(names))}")
