"""What devices tell of their ports and neighbours: links, BGP, LACP, BFD, LLDP, IS-IS and OSPF."""

from typing import Final

import polars as pl

from pipeline.schema.entity import NAME, TIME, Entity

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
