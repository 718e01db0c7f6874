"""The entities fabricscope knows: their key columns, leaves and the frames that carry them.

An entity is one kind of thing a device reports, with a list key in YANG: a route path, a MAC entry, a link.
From each declaration here follow the partial rows of decode, the state of apply, the facts, the history and
the DDL.

Types: MAC addresses are UInt64; addresses of hosts are two UInt64 halves (``ip_hi``, ``ip_lo``), IPv4 as
IPv4-mapped IPv6 (hi 0, lo 0xffff_aabbccdd); names and addresses of which a fabric has few (devices,
interfaces, ESIs, VTEPs, neighbours) are interned text. Unknown is null.
"""

from pipeline.schema.entity import (
    NAME,
    NAMES,
    TIME,
    Columns,
    Entity,
)
from pipeline.schema.evpn import (
    BGP_ATTR_SET,
    BGP_EXT_COMMUNITY,
    DESIGNATED_FORWARDER,
    ETHERNET_SEGMENT,
    EVPN_ROUTE,
    HOST_BINDING,
    MAC,
    MAC_LOCATION,
    VTEP,
)
from pipeline.schema.frames import (
    CONTROL,
    DEAD,
    OPS,
    PARTIAL,
)
from pipeline.schema.network import (
    BFD_SESSION,
    BGP_SESSION,
    IGP_ADJACENCY,
    INTERFACE_ADDRESS,
    LACP_MEMBER,
    LINK,
    LLDP_NEIGHBOR,
)
from pipeline.schema.tables import (
    ENTITIES,
    FACTS,
    TIMELINES,
    current_schema,
    event_schema,
    history_schema,
    partial_schema,
)

__all__ = [
    "BFD_SESSION",
    "BGP_ATTR_SET",
    "BGP_EXT_COMMUNITY",
    "BGP_SESSION",
    "CONTROL",
    "DEAD",
    "DESIGNATED_FORWARDER",
    "ENTITIES",
    "ETHERNET_SEGMENT",
    "EVPN_ROUTE",
    "FACTS",
    "HOST_BINDING",
    "IGP_ADJACENCY",
    "INTERFACE_ADDRESS",
    "LACP_MEMBER",
    "LINK",
    "LLDP_NEIGHBOR",
    "MAC",
    "MAC_LOCATION",
    "NAME",
    "NAMES",
    "OPS",
    "PARTIAL",
    "TIME",
    "TIMELINES",
    "VTEP",
    "Columns",
    "Entity",
    "current_schema",
    "event_schema",
    "history_schema",
    "partial_schema",
]
