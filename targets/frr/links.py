"""Interfaces: the kernel's view (iproute2) of their state, zebra's of carrier changes and addresses."""

from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Final

from targets.frr.documents import Document, NoAnswerError, number_of, object_of, objects_of, text_of
from targets.openconfig.families import INTERFACES
from targets.tree import Value, entry

_OPER_STATUS: Final = {
    "UP": "UP",
    "DOWN": "DOWN",
    "TESTING": "TESTING",
    "DORMANT": "DORMANT",
    "NOTPRESENT": "NOT_PRESENT",
    "LOWERLAYERDOWN": "LOWER_LAYER_DOWN",
    "UNKNOWN": "UNKNOWN",
}
_TYPES: Final = {
    "bond": "ieee8023adLag",
    "bridge": "bridge",
    "vlan": "l2vlan",
    "vxlan": "tunnel",
    "veth": "ethernetCsmacd",
}
"""zebra's interfaceType to iana-if-type; where zebra says Other, the type stays unknown."""


def kernel_links(links: Document) -> dict[str, Value]:
    """Return state and index of each interface as ``ip -j -s link`` lists them."""
    tree: dict[str, Value] = {}
    for link in objects_of(links, "the links"):
        name = text_of(link, "ifname")
        flags = link.get("flags")
        if name is None or not isinstance(flags, list):
            raise NoAnswerError("a link has no ifname or no flags")
        state = f"{_interface(name)}/state/"
        up = "UP" in flags
        tree[state + "admin-status"] = "UP" if up else "DOWN"
        tree[state + "oper-status"] = _oper_status(text_of(link, "operstate"), carrier="LOWER_UP" in flags)
        index = number_of(link, "ifindex")
        if index is not None:
            tree[state + "ifindex"] = index
        changes = _carrier_changes(link)
        if changes is not None:
            tree[state + "counters/carrier-transitions"] = changes
    return tree


def zebra_interfaces(interfaces: Document) -> dict[str, Value]:
    """Return carrier transitions, type, bond and addresses of each interface of ``show interface json``.

    zebra prints the time of the last change in local time without a zone: it is left out.
    """
    tree: dict[str, Value] = {}
    for name, item in object_of(interfaces, "the interfaces").items():
        interface = object_of(item, f"interface {name}")
        if "administrativeStatus" not in interface:
            raise NoAnswerError(f"interface {name} has no administrativeStatus")
        here = _interface(name)
        ups = number_of(interface, "linkUps")
        if ups is not None:
            # One that is taken down by a person counts twice in linkDowns; each up follows one down.
            down = text_of(interface, "operationalStatus") != "up"
            tree[f"{here}/state/counters/carrier-transitions"] = 2 * ups + down
        kind = _type_of(interface)
        if kind is not None:
            tree[f"{here}/state/type"] = kind
        master = text_of(interface, "masterInterface")
        if master and (text_of(interface, "interfaceSlaveType") or "").lower() == "bond":
            tree[f"{here}/ethernet/state/aggregate-id"] = master
        for address in objects_of(interface.get("ipAddresses", []), "ipAddresses"):
            tree |= _address(here, text_of(address, "address") or "")
    return tree


def _interface(name: str) -> str:
    return f"{INTERFACES}/{entry('interface', name=name)}"


def _oper_status(operstate: str | None, *, carrier: bool) -> str:
    status = _OPER_STATUS.get(operstate or "", "UNKNOWN")
    # Drivers that never set an operational state (loopback, VXLAN) stay at UNKNOWN, which the kernel's
    # operstates.rst says to take for up while there is carrier.
    return "UP" if status == "UNKNOWN" and carrier else status


def _carrier_changes(link: Mapping[str, object]) -> int | None:
    """Return the kernel's own count, printed with ``ip -s -s``."""
    counters = object_of(link.get("stats64", {}), "stats64")
    return number_of(object_of(counters.get("tx", {}), "tx"), "carrier_changes")


def _type_of(interface: Mapping[str, object]) -> str | None:
    if (text_of(interface, "type") or "").lower() == "loopback":
        return "softwareLoopback"
    return _TYPES.get((text_of(interface, "interfaceType") or "").lower())


def _address(interface: str, text: str) -> dict[str, Value]:
    try:
        address = ip_interface(text)
    except ValueError as error:
        raise NoAnswerError(f"{text!r} is no interface address") from error
    if address.is_link_local:
        return {}
    family = f"ipv{address.version}"
    where = f"{interface}/subinterfaces/{entry('subinterface', index=0)}/{family}/addresses"
    state = f"{where}/{entry('address', ip=str(address.ip))}/state/"
    return {state + "ip": str(address.ip), state + "prefix-length": address.network.prefixlen}
