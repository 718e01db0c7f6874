"""The tables that follow from entities: facts, intervals, what is now."""

from typing import Final

import polars as pl

from pipeline.schema.entity import NAME, TIME, Columns, Entity
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
from pipeline.schema.frames import PARTIAL
from pipeline.schema.network import (
    BFD_SESSION,
    BGP_SESSION,
    IGP_ADJACENCY,
    INTERFACE_ADDRESS,
    LACP_MEMBER,
    LINK,
    LLDP_NEIGHBOR,
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
