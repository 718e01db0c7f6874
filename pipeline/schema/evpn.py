"""What devices tell of EVPN: routes, MACs, VTEPs, Ethernet segments."""

from typing import Final

import polars as pl

from pipeline.schema.entity import NAME, TIME, Entity

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
