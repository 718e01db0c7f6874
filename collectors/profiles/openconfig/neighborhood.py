"""Who is at the other end: LACP, BFD, LLDP, IS-IS and OSPF."""

from collections.abc import Mapping
from typing import Final

from collectors.profiles import EntityMapping, Key, Kind, Leaf
from collectors.profiles.openconfig.paths import IN_INSTANCE, NETWORK_INSTANCE

LACP_MEMBER: Final = "/lacp/interfaces/interface[name]/members/member[interface]"
LACP_STATE: Final = {
    "synchronization": ("synchronization", Kind.IDENTITY),
    "collecting": ("collecting", Kind.BOOL),
    "distributing": ("distributing", Kind.BOOL),
    "system-id": ("system_id", Kind.MAC),
    "oper-key": ("oper_key", Kind.UINT),
    "partner-id": ("partner_id", Kind.MAC),
    "partner-key": ("partner_key", Kind.UINT),
}
BFD_PEER: Final = "/bfd/interfaces/interface[id]/peers/peer[local-discriminator]"
BFD_STATE: Final = {
    "session-state": ("session_state", Kind.IDENTITY),
    "local-address": ("local_address", Kind.ADDRESS),
    "remote-address": ("peer", Kind.ADDRESS),
    "failure-transitions": ("failure_transitions", Kind.UINT),
    "last-failure-time": ("last_failure", Kind.TIME_NS),
    "local-diagnostic-code": ("diagnostic", Kind.IDENTITY),
}
LLDP_NEIGHBOR: Final = "/lldp/interfaces/interface[name]/neighbors/neighbor[id]"
LLDP_STATE: Final = {
    "chassis-id": ("chassis_id", Kind.TEXT),
    "chassis-id-type": ("chassis_id_type", Kind.IDENTITY),
    "port-id": ("port_id", Kind.TEXT),
    "port-id-type": ("port_id_type", Kind.IDENTITY),
    "system-name": ("system_name", Kind.TEXT),
    "port-description": ("port_description", Kind.TEXT),
}
_PROTOCOL: Final = f"{NETWORK_INSTANCE}/protocols/protocol[identifier][name]"
ISIS_ADJACENCY: Final = (
    f"{_PROTOCOL}/isis/interfaces/interface[interface-id]"
    "/levels/level[level-number]/adjacencies/adjacency[system-id]"
)
ISIS_STATE: Final = {
    "adjacency-state": ("adjacency_state", Kind.IDENTITY),
    "neighbor-ipv4-address": ("address", Kind.PEER),
    "neighbor-ipv6-address": ("address_v6", Kind.PEER),
    "up-timestamp": ("established", Kind.TIME_NS),
}
OSPF_NEIGHBOR: Final = (
    f"{_PROTOCOL}/ospfv2/areas/area[identifier]/interfaces/interface[id]/neighbors/neighbor[router-id]"
)
OSPF_STATE: Final = {
    "adjacency-state": ("adjacency_state", Kind.IDENTITY),
    "last-established-time": ("established", Kind.TIME_NS),
    "state-changes": ("state_changes", Kind.UINT),
    "designated-router": ("designated_router", Kind.ADDRESS),
    "backup-designated-router": ("backup_designated_router", Kind.ADDRESS),
}


def _leaves(state: Mapping[str, tuple[str, Kind]]) -> tuple[Leaf, ...]:
    return tuple(Leaf(f"state/{leaf}", column, kind) for leaf, (column, kind) in state.items())


NEIGHBORHOOD: Final = (
    EntityMapping(
        table="lacp_member",
        path=LACP_MEMBER,
        keys=(
            Key("interface[name]", "interface", Kind.TEXT),
            Key("member[interface]", "member", Kind.TEXT),
        ),
        leaves=_leaves(LACP_STATE),
        presence=("state/interface",),
    ),
    EntityMapping(
        table="bfd_session",
        path=BFD_PEER,
        keys=(
            Key("interface[id]", "interface", Kind.TEXT),
            Key("peer[local-discriminator]", "discriminator", Kind.TEXT),
        ),
        leaves=_leaves(BFD_STATE),
        presence=("state/local-discriminator",),
    ),
    EntityMapping(
        table="lldp_neighbor",
        path=LLDP_NEIGHBOR,
        keys=(
            Key("interface[name]", "interface", Kind.TEXT),
            Key("neighbor[id]", "neighbor", Kind.TEXT),
        ),
        leaves=_leaves(LLDP_STATE),
        presence=("state/id",),
    ),
    EntityMapping(
        table="igp_adjacency",
        path=ISIS_ADJACENCY,
        constants={"protocol": "ISIS"},
        keys=(
            IN_INSTANCE,
            Key("protocol[name]", "instance", Kind.TEXT),
            Key("level[level-number]", "area", Kind.TEXT),
            Key("interface[interface-id]", "interface", Kind.TEXT),
            Key("adjacency[system-id]", "neighbor", Kind.TEXT),
        ),
        leaves=_leaves(ISIS_STATE),
        presence=("state/system-id",),
    ),
    EntityMapping(
        table="igp_adjacency",
        path=OSPF_NEIGHBOR,
        constants={"protocol": "OSPF"},
        keys=(
            IN_INSTANCE,
            Key("protocol[name]", "instance", Kind.TEXT),
            Key("area[identifier]", "area", Kind.TEXT),
            Key("interface[id]", "interface", Kind.TEXT),
            Key("neighbor[router-id]", "neighbor", Kind.TEXT),
        ),
        leaves=_leaves(OSPF_STATE),
        presence=("state/router-id",),
    ),
)
