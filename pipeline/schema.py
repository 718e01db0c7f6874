"""The entities fabricscope knows: their key columns, leaves and the frames that carry them.

An entity is one kind of thing a device reports, with a list key in YANG: a route path, a MAC entry, a link.
From each declaration here follow the partial rows of decode, the state of apply, the facts, the history and
the DDL.

Types: MAC addresses are UInt64; addresses of hosts are two UInt64 halves (``ip_hi``, ``ip_lo``), IPv4 as
IPv4-mapped IPv6 (hi 0, lo 0xffff_aabbccdd); names and addresses of which a fabric has few (devices,
interfaces, ESIs, VTEPs, neighbours) are interned text. Unknown is null.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

NAMES: Final = pl.Categories("fabricscope.names")
NAME: Final = pl.Categorical(NAMES)
"""Interned text: one code per distinct text and process; codes are never stored."""
_ANCHOR: Final = pl.Series([""], dtype=NAME)
"""Polars forgets codes when the last series that uses them is gone; this one never goes."""
TIME: Final = pl.Datetime("us", "UTC")

Columns = dict[str, pl.DataType | type[pl.DataType]]


@dataclass(frozen=True)
class Entity:
    """One kind of thing that devices report.

    ``keys`` identify it within a device; ``leaves`` come from the wire, a null leaf in a partial row means
    "not in this notification". ``resolved`` leaves are joined in apply from the attribute tables, whose rows
    the leaves in ``pointers`` name: they are no content, so that a route which only points elsewhere has not
    changed, and tables do without them.
    """

    name: str
    keys: Columns
    leaves: Columns
    resolved: Columns = field(default_factory=dict)
    pointers: frozenset[str] = frozenset()

    @property
    def values(self) -> Columns:
        """All non-key columns, wire leaves first."""
        return {**self.leaves, **self.resolved}

    @property
    def stored(self) -> Columns:
        """The keys and values that tables have as columns."""
        columns = {**self.keys, **self.values}
        return {name: dtype for name, dtype in columns.items() if name not in self.pointers}


OPS: Final = pl.Enum(["update", "replace", "delete", "branch", "atomic"])
"""What a partial row does to its entity.

``update`` merges the leaves present; ``replace`` is a delete and an update in one notification (leaves not
present become null); ``delete`` removes the entity. ``branch`` (a deleted branch of the tree) and ``atomic``
(an atomic notification's prefix) remove every entity of the device whose keys equal the row's non-null keys,
except those with a row of their own in the same record; a null key with its bit in ``cleared`` must be null
there, too.
"""

PARTIAL: Final[Columns] = {
    "record": pl.UInt32,  # row number in the control frame of the batch
    "index": pl.UInt32,  # counts the rows of one record over all tables
    "op": OPS,
    # bit i: the i-th leaf of Entity.leaves was deleted on its own, or told to be none (a zero ESI); in a
    # branch or atomic row: the i-th key of Entity.keys is known to be null, not left open
    "cleared": pl.UInt64,
}
"""Columns in front of the keys and leaves of every partial row."""

CONTROL: Final[Columns] = {
    "offset": pl.Int64,
    "record_time": TIME,  # the Kafka timestamp
    "device": NAME,  # the Kafka key
    "kind": pl.UInt8,  # collectors.records.Kind
    "profile": NAME,
    "family": NAME,
    "session": pl.String,
    "seq": pl.UInt64,
    "recv_time": TIME,
    "event_time": TIME,  # timestamp of the notification; null without one
    "sync": pl.Boolean,  # a sync_response
    "updates": pl.UInt32,  # updates and deletes in the notification
    "duplicates": pl.UInt32,  # gNMI's count of values coalesced by a slow path, summed
    "json": pl.Binary,  # start, end, fabric, action
}
"""One row per readable record of a batch, in offset order."""

DEAD: Final[Columns] = {"offset": pl.Int64, "record_time": TIME, "device": NAME, "reason": pl.String}
"""One row per record, or part of one, that could not be read."""

EVPN_ROUTE: Final = Entity(
    "evpn_route",
    # One path of one route in the loc-rib: openconfig-rib-bgp, l2vpn-evpn/loc-rib, RFC 7432 and RFC 9136.
    keys={
        "vantage": NAME,  # loc_rib, rib_in_pre, rib_in_post, rib_out_post
        "network_instance": NAME,
        "rd": NAME,
        "route_type": pl.UInt8,
        "route_esi": NAME,  # key of types 1 and 4
        "eth_tag": pl.UInt32,
        "mac": pl.UInt64,
        "ip_hi": pl.UInt64,  # type 2 host, type 5 prefix; null for a MAC-only route
        "ip_lo": pl.UInt64,
        "ip_len": pl.UInt8,
        "originator": NAME,  # types 3 and 4
        "neighbor": NAME,  # null: the device's own route
        "path_id": pl.UInt32,
        "source_rd": NAME,  # null: not imported from another RD
    },
    leaves={
        "esi": NAME,  # null: zero ESI, single-homed
        "label": pl.UInt32,  # VNI or MPLS label
        "label2": pl.UInt32,
        "gateway": NAME,
        "best": pl.Boolean,
        "valid": pl.Boolean,
        "attr_index": pl.UInt64,
        "ext_community_index": pl.UInt64,
        "last_modified": TIME,
        "invalid_reason": NAME,
    },
    resolved={
        "next_hop": NAME,
        "as_path": NAME,
        "origin": NAME,
        "local_pref": pl.UInt32,
        "med": pl.UInt32,
        "originator_id": NAME,
        "mobility_seq": pl.UInt32,  # null: no MAC mobility community
        "sticky": pl.Boolean,
        "default_gateway": pl.Boolean,
        "router_mac": pl.UInt64,
        "encapsulation": NAME,  # vxlan, mpls, ...; RFC 9012
        "route_targets": NAME,  # sorted, space-separated
        "esi_label": pl.UInt32,
        "single_active": pl.Boolean,
        "es_import": pl.UInt64,  # the 6 octets as a MAC address
        "df_algorithm": pl.UInt8,
        "df_capabilities": pl.UInt16,
        "df_preference": pl.UInt16,
    },
    pointers=frozenset({"attr_index", "ext_community_index"}),
)

BGP_ATTR_SET: Final = Entity(
    "bgp_attr_set",
    keys={"network_instance": NAME, "attr_index": pl.UInt64},
    leaves={
        "next_hop": NAME,
        "as_path": NAME,
        "origin": NAME,
        "local_pref": pl.UInt32,
        "med": pl.UInt32,
        "originator_id": NAME,
    },
)

BGP_EXT_COMMUNITY: Final = Entity(
    "bgp_ext_community",
    keys={"network_instance": NAME, "ext_community_index": pl.UInt64},
    leaves={
        name: EVPN_ROUTE.resolved[name]
        for name in (
            "mobility_seq",
            "sticky",
            "default_gateway",
            "router_mac",
            "encapsulation",
            "route_targets",
            "esi_label",
            "single_active",
            "es_import",
            "df_algorithm",
            "df_capabilities",
            "df_preference",
        )
    }
    | {"other": NAME},  # communities not decoded, as hex, sorted, space-separated: kept, never dropped
)

MAC: Final = Entity(
    "mac",
    # l2rib mac-table/entries/entry/producers/producer, or the MAC table proper (producer FDB).
    # Producers are LOCAL, STATIC, BGP, FDB; null: what is told of an l2rib entry without naming a producer.
    keys={"network_instance": NAME, "mac": pl.UInt64, "producer": NAME},
    leaves={
        "vlan": pl.UInt16,
        "vni": pl.UInt32,
        "evi": pl.UInt32,
        "mobility_seq": pl.UInt32,
        "mobility_state": NAME,  # FROZEN, DUPLICATE: the device's own verdict
        "sticky": pl.Boolean,
        "esi": NAME,
        "next_hop": NAME,
        "interface": NAME,
        "entry_type": NAME,  # STATIC, DYNAMIC
    },
)

HOST_BINDING: Final = Entity(
    "host_binding",
    # l2rib mac-ip-table/entries/entry/producers/producer.
    keys={
        "network_instance": NAME,
        "mac": pl.UInt64,
        "ip_hi": pl.UInt64,
        "ip_lo": pl.UInt64,
        "producer": NAME,
    },
    leaves={
        "vni": pl.UInt32,
        "l3_vni": pl.UInt32,
        "mobility_seq": pl.UInt32,
        "mobility_state": NAME,
        "sticky": pl.Boolean,
        "esi": NAME,
        "next_hop": NAME,
    },
)

VTEP: Final = Entity(
    "vtep",
    # A remote VTEP as a device sees it (peer set, vni null), or a VNI served here (vni set, peer null).
    keys={"network_instance": NAME, "peer": NAME, "vni": pl.UInt32},
    leaves={
        "peer_state": NAME,  # UP, DOWN
        "vni_state": NAME,  # UP, DOWN
        "vni_type": NAME,  # L2, L3
        "bridge_domain": NAME,
        "router_mac": pl.UInt64,
        "uptime": TIME,
    },
)

ETHERNET_SEGMENT: Final = Entity(
    "ethernet_segment",
    keys={"name": NAME},
    leaves={
        "esi": NAME,
        "esi_type": NAME,
        "redundancy_mode": NAME,  # SINGLE_ACTIVE, ALL_ACTIVE
        "interface": NAME,
        "es_import": NAME,
        "df_method": NAME,
        "df_preference": pl.UInt32,
        "df_revertive": pl.Boolean,
        "df_wait_s": pl.UInt32,
    },
)

DESIGNATED_FORWARDER: Final = Entity(
    "designated_forwarder",
    # Whether the device forwards to a segment in a bridge domain, and whom it takes for the elected one: its
    # own word. OpenConfig has no leaf for it; ours augments ethernet-segment/df-election (see the profile).
    keys={"name": NAME, "network_instance": NAME},
    leaves={
        "esi": NAME,
        "vni": pl.UInt32,  # null with evi and vlan: it is elected for all of them at once
        "evi": pl.UInt32,
        "vlan": pl.UInt16,
        "local_is_df": pl.Boolean,
        "df_address": NAME,
    },
)

LINK: Final = Entity(
    "link",
    keys={"interface": NAME},
    leaves={
        "admin_status": NAME,
        "oper_status": NAME,
        "type": NAME,
        "ifindex": pl.UInt32,
        "last_change": TIME,
        "carrier_transitions": pl.UInt64,
        "aggregate": NAME,  # of a member: the interface it is part of
        "min_links": pl.UInt16,  # of an aggregate: members it needs to be up
    },
)

INTERFACE_ADDRESS: Final = Entity(
    "interface_address",
    keys={"interface": NAME, "subinterface": pl.UInt32, "address": NAME},
    leaves={"prefix_length": pl.UInt8},
)

BGP_SESSION: Final = Entity(
    "bgp_session",
    # The session (afi_safi null), or one of its address families.
    keys={"network_instance": NAME, "neighbor": NAME, "afi_safi": NAME},
    leaves={
        "session_state": NAME,
        "peer_as": pl.UInt32,
        "local_as": pl.UInt32,
        "peer_type": NAME,
        "established_transitions": pl.UInt64,
        "last_established": TIME,
        "active": pl.Boolean,
        "prefixes_received": pl.UInt32,
        "prefixes_sent": pl.UInt32,
        "prefixes_installed": pl.UInt32,
    },
)

LACP_MEMBER: Final = Entity(
    "lacp_member",
    # openconfig-lacp: a member of an aggregate interface, and who is at its other end (IEEE 802.1AX).
    keys={"interface": NAME, "member": NAME},  # the aggregate, and its member
    leaves={
        "synchronization": NAME,  # IN_SYNC, OUT_SYNC
        "collecting": pl.Boolean,
        "distributing": pl.Boolean,
        "system_id": pl.UInt64,  # MAC addresses; of a partner, 0: there is none
        "oper_key": pl.UInt16,
        "partner_id": pl.UInt64,
        "partner_key": pl.UInt16,
    },
)

BFD_SESSION: Final = Entity(
    "bfd_session",
    # openconfig-bfd, RFC 5880. A restarted session has another discriminator: its peer says which one it is.
    keys={"interface": NAME, "discriminator": NAME},
    leaves={
        "session_state": NAME,  # UP, DOWN, INIT, ADMIN_DOWN
        "local_address": NAME,
        "peer": NAME,
        "failure_transitions": pl.UInt64,
        "last_failure": TIME,
        "diagnostic": NAME,  # why it went down, RFC 5880, section 4.1
    },
)

LLDP_NEIGHBOR: Final = Entity(
    "lldp_neighbor",
    # openconfig-lldp, IEEE 802.1AB: what a port hears; ``neighbor`` is the device's own number for it.
    keys={"interface": NAME, "neighbor": NAME},
    leaves={
        "chassis_id": NAME,
        "chassis_id_type": NAME,
        "port_id": NAME,
        "port_id_type": NAME,
        "system_name": NAME,
        "port_description": NAME,
    },
)

IGP_ADJACENCY: Final = Entity(
    "igp_adjacency",
    # openconfig-isis and openconfig-ospfv2: ``area`` is the level or the area, ``neighbor`` the system id or
    # router id.
    keys={
        "network_instance": NAME,
        "protocol": NAME,  # ISIS, OSPF
        "instance": NAME,
        "area": NAME,
        "interface": NAME,
        "neighbor": NAME,
    },
    leaves={
        "adjacency_state": NAME,  # UP, INIT, DOWN, FAILED; OSPF: DOWN, ATTEMPT, INIT, TWO_WAY, ..., FULL
        "address": NAME,  # of the neighbour
        "address_v6": NAME,
        "established": TIME,
        "state_changes": pl.UInt32,
        "designated_router": NAME,  # OSPF; 0.0.0.0: none is elected on this link
        "backup_designated_router": NAME,
    },
)

ENTITIES: Final = {
    entity.name: entity
    for entity in (
        EVPN_ROUTE,
        BGP_ATTR_SET,
        BGP_EXT_COMMUNITY,
        MAC,
        HOST_BINDING,
        VTEP,
        ETHERNET_SEGMENT,
        DESIGNATED_FORWARDER,
        LINK,
        INTERFACE_ADDRESS,
        BGP_SESSION,
        LACP_MEMBER,
        BFD_SESSION,
        LLDP_NEIGHBOR,
        IGP_ADJACENCY,
    )
}


MAC_LOCATION: Final = Entity(
    "mac_location",
    # Derived per fabric, not reported: where a MAC is, RFC 7432, sections 7.7 and 15.
    keys={"vni": pl.UInt32, "evi": pl.UInt32, "mac": pl.UInt64},  # vni is null where only an EVI is known
    leaves={
        "location": NAME,  # the ESI if it is not zero, else the VTEP
        "esi": NAME,
        "vtep": NAME,
        "mobility_seq": pl.UInt32,
        "sticky": pl.Boolean,
    },
)

FACTS: Final = tuple(
    entity
    for entity in ENTITIES.values()
    if entity not in (BGP_ATTR_SET, BGP_EXT_COMMUNITY, INTERFACE_ADDRESS)
)
"""Entities whose changes are kept one by one, in ``<entity>_event``."""

TIMELINES: Final = (*FACTS, INTERFACE_ADDRESS, MAC_LOCATION)
"""Entities whose states are kept as intervals: those closed in ``_history``, those open in ``_current``."""

_FACT: Final[Columns] = {"fabric": NAME, "offset": pl.Int64, "index": pl.Int32}
_OPENED: Final[Columns] = {"opened_offset": pl.Int64, "opened_index": pl.Int32}


def partial_schema(entity: Entity) -> pl.Schema:
    """Return the schema of an entity's partial rows."""
    return pl.Schema({**PARTIAL, **entity.keys, **entity.leaves})


def event_schema(entity: Entity) -> pl.Schema:
    """Return the schema of ``<entity>_event``: one row per change, identified by (fabric, offset, index).

    ``reason`` is update, delete, branch, atomic, resync_missing or aged_out; an entity that went has its last
    known values. ``dump``: before the session's sync; ``late``: too old to change an incident.
    """
    return pl.Schema(
        {
            **_FACT,
            "device": NAME,
            **entity.stored,
            "reason": NAME,
            "dump": pl.Boolean,
            "late": pl.Boolean,
            "event_time": TIME,
            "recv_time": TIME,
            "record_time": TIME,
        }
    )


def history_schema(entity: Entity) -> pl.Schema:
    """Return the schema of ``<entity>_history``: one row per closed interval of unchanged values.

    ``valid_*`` are device time and never overlap in a key, ``seen_*`` are record time; both are half open.
    """
    return pl.Schema(
        {
            **_identity(entity),
            **entity.stored,
            "valid_from": TIME,
            "valid_to": TIME,
            "seen_from": TIME,
            "seen_to": TIME,
            **_OPENED,
            "closed_reason": NAME,
        }
    )


def current_schema(entity: Entity) -> pl.Schema:
    """Return the schema of ``<entity>_current``: one row per entity that exists, its interval still open."""
    return pl.Schema(
        {
            **_identity(entity),
            **entity.stored,
            "valid_from": TIME,
            "seen_from": TIME,
            **_OPENED,
            "family": NAME,
        }
    )


def _identity(entity: Entity) -> Columns:
    return {"fabric": NAME} if entity is MAC_LOCATION else {"fabric": NAME, "device": NAME}
