"""zebra's EVPN documents: VNIs and remote VTEPs, MAC and neighbour tables, Ethernet segments.

Each VNI is a network instance named ``vni-1010``: FRR has bridges and VNIs but no name that spans devices.
"""

from collections.abc import Mapping
from typing import Final

from targets.frr.addresses import plain_esi
from targets.frr.documents import Document, NoAnswerError, number_of, object_of, objects_of, text_of
from targets.openconfig.addresses import canonical
from targets.openconfig.families import SEGMENTS
from targets.tree import Value, entry

_PRODUCERS: Final = {"local": "LOCAL", "remote": "BGP"}
_SEQUENCE: Final = {"LOCAL": "localSequence", "BGP": "remoteSequence"}


def network_instance(vni: int | str) -> str:
    """Return the path of a VNI's network instance."""
    return f"/network-instances/{entry('network-instance', name=f'vni-{vni}')}"


def macs(document: Document) -> dict[str, Value]:
    """Return the MAC table of each VNI, ``show evpn mac vni all detail json``."""
    tree: dict[str, Value] = {}
    for vni, item in object_of(document, "the MACs").items():
        table = object_of(item, f"VNI {vni}")
        if "macs" not in table and number_of(table, "numMacs") != 0:
            raise NoAnswerError(f"VNI {vni} has no macs")
        for mac, entry_item in object_of(table.get("macs", {}), "macs").items():
            where = f"{network_instance(vni)}/fdb/l2rib/mac-table/entries/{entry('entry', mac_address=mac)}"
            tree |= _entry(where, vni, object_of(entry_item, f"MAC {mac}"))
    return tree


def bindings(document: Document) -> dict[str, Value]:
    """Return the IP addresses bound to MACs in each VNI, ``show evpn arp-cache vni all detail json``."""
    tree: dict[str, Value] = {}
    for vni, item in object_of(document, "the neighbours").items():
        table = object_of(item, f"VNI {vni}")
        if "numArpNd" not in table:
            raise NoAnswerError(f"VNI {vni} has no numArpNd")
        for ip, neighbor in table.items():
            if ip == "numArpNd":
                continue
            binding = object_of(neighbor, f"neighbour {ip}")
            mac = text_of(binding, "mac")
            if mac is None or text_of(binding, "state") == "inactive":
                continue  # inactive: remembered by zebra, not in force
            key = entry("entry", mac_address=mac, host_ip=canonical(ip))
            tree |= _entry(f"{network_instance(vni)}/fdb/l2rib/mac-ip-table/entries/{key}", vni, binding)
    return tree


def _entry(where: str, vni: str, item: Mapping[str, object]) -> dict[str, Value]:
    if not (vni.isascii() and vni.isdecimal()):
        raise NoAnswerError(f"{vni!r} is no VNI")
    kind = text_of(item, "type")
    if kind == "auto":
        return {}  # a MAC known by its neighbours only: it is nowhere
    producer = _PRODUCERS.get(kind or "")
    if producer is None:
        raise NoAnswerError(f"{where} is of unknown type {kind!r}")
    esi = text_of(item, "esi") or text_of(item, "remoteEs")
    leaves: dict[str, Value | None] = {
        "seq-number": number_of(item, _SEQUENCE[producer]),
        "sticky": item.get("stickyMac") is True,
        "esi": plain_esi(esi) if esi else None,
        "mobility-state": "DUPLICATE" if item.get("isDuplicate") is True else None,
    }
    state = f"{where}/producers/{entry('producer', producer=producer)}/state/"
    tree = {state + leaf: value for leaf, value in leaves.items() if value is not None}
    return {f"{where}/state/l2-vni": int(vni), **tree}


def vnis(document: Document) -> dict[str, Value]:
    """Return the VNIs served and the remote VTEPs of each, ``show evpn vni detail json``."""
    tree: dict[str, Value] = {}
    for item in objects_of(document, "the VNIs"):
        vni = number_of(item, "vni")
        if vni is None:
            raise NoAnswerError("a VNI has no number")
        device = text_of(item, "vxlanInterface") or text_of(item, "vxlanIntf") or "vxlan"
        point = entry("connection-point", connection_point_id=device)
        endpoint = (
            f"{network_instance(vni)}/connection-points/{point}"
            f"/endpoints/{entry('endpoint', endpoint_id='vxlan')}/vxlan"
        )
        here = f"{endpoint}/endpoint-vnis/{entry('endpoint-vni', vni=vni)}/state/"
        layer = text_of(item, "type")
        state = text_of(item, "state")  # of layer 3 VNIs only
        leaves: dict[str, Value | None] = {
            "vni-type": layer if layer in ("L2", "L3") else None,
            "vni-state": state.upper() if state in ("Up", "Down") else None,
            "bridge-domain": text_of(item, "sviInterface"),
            "l3-vrf-name": text_of(item, "vrf") if layer == "L3" else None,
        }
        tree |= {here + leaf: value for leaf, value in leaves.items() if value is not None}
        for vtep in _remote_vteps(item):
            # zebra lists a VTEP while BGP has an inclusive multicast route of it, and no longer.
            peer = entry("endpoint-peer", peer_address=vtep)
            tree[f"{endpoint}/endpoint-peers/{peer}/state/peer-state"] = "UP"
    return tree


def _remote_vteps(item: Mapping[str, object]) -> list[str]:
    """Return the remote VTEPs of a VNI; FRR 8 lists them under the name of their number, none as nothing."""
    listed = item.get("numRemoteVteps", [])
    if isinstance(listed, int):
        remote = item.get("remoteVteps")
        if listed and not isinstance(remote, list):
            raise NoAnswerError(f"VNI {item['vni']} counts {listed} remote VTEPs and names none")
        listed = remote or []
    if not isinstance(listed, list):
        return []
    addresses = []
    for vtep in listed:
        address = vtep if isinstance(vtep, str) else text_of(object_of(vtep, "a remote VTEP"), "ip")
        if address:
            addresses.append(canonical(address))
    return addresses


_ESI_TYPES: Final = (
    "TYPE_0_OPERATOR_CONFIGURED",
    "TYPE_1_LACP_BASED",
    "TYPE_2_BRIDGE_PROTOCOL_BASED",
    "TYPE_3_MAC_BASED",
    "TYPE_4_ROUTER_ID_BASED",
    "TYPE_5_AS_BASED",
)


def segments(document: Document) -> dict[str, Value]:
    """Return the host's own Ethernet segments, ``show evpn es detail json``, named by their access port.

    Segments that only others have are no part of the model: they show in route types 1 and 4.
    """
    tree: dict[str, Value] = {}
    for item in objects_of(document, "the Ethernet segments"):
        esi = text_of(item, "esi")
        flags = item.get("flags", [])
        if esi is None or not isinstance(flags, list):
            raise NoAnswerError("an Ethernet segment has no esi or no list of flags")
        if "local" not in flags:
            continue
        digits, port = plain_esi(esi), text_of(item, "accessPort")
        kind = int(digits[:2], 16)
        here = f"{SEGMENTS}/{entry('ethernet-segment', name=port or digits)}"
        leaves: dict[str, Value | None] = {
            "state/esi": digits,
            "state/esi-type": _ESI_TYPES[kind] if kind < len(_ESI_TYPES) else None,
            # FRR knows no other mode and elects by preference only (its docs, "EVPN Multihoming").
            "state/redundancy-mode": "ALL_ACTIVE",
            "state/interface": port,
            "df-election/state/df-election-method": "PREFERENCE",
            "df-election/state/preference": number_of(item, "dfPreference"),
        }
        tree |= {f"{here}/{leaf}": value for leaf, value in leaves.items() if value is not None}
        tree |= _claim(here, digits, item, flags)
    return tree


def _claim(here: str, esi: str, item: Mapping[str, object], flags: list[object]) -> dict[str, Value]:
    """Return whether the host forwards to a segment, as the profile's augmentation of df-election tells it.

    FRR elects once for a segment, for all its VNIs (zebra_evpn_mh.c, zebra_evpn_es_run_df_election), and sets
    the flag nonDF or not. Of a segment that isn't ready, or that no VNI is on, the flag says nothing.
    """
    if "readyForBgp" not in flags or not number_of(item, "vniCount"):
        return {}
    state = f"{here}/df-election/network-instances/{entry('network-instance', name='default')}/state/"
    return {state + "esi": esi, state + "designated-forwarder": "nonDF" not in flags}
