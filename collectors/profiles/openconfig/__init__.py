"""The OpenConfig models as published: no vendor's deviations.

Read in the models of openconfig/public: network-instance 4.7, rib-bgp 0.9, evpn 0.11, ethernet-segments 0.2,
interfaces 3.x, bgp 9.x, if-aggregate 2.x, lacp 1.x, lldp 0.2, bfd 0.3, isis 1.x, ospfv2 0.5.
"""

from datetime import timedelta
from typing import Final

from collectors.profiles import LIVENESS, EntityMapping, Key, Kind, Leaf, Mode, Profile, Subscription
from collectors.profiles.openconfig.neighborhood import (
    BFD_PEER,
    BFD_STATE,
    ISIS_ADJACENCY,
    ISIS_STATE,
    LACP_MEMBER,
    LACP_STATE,
    LLDP_NEIGHBOR,
    LLDP_STATE,
    NEIGHBORHOOD,
    OSPF_NEIGHBOR,
    OSPF_STATE,
)
from collectors.profiles.openconfig.paths import IN_INSTANCE, INTERFACE, NETWORK_INSTANCE

_BGP: Final = f"{NETWORK_INSTANCE}/protocols/protocol[identifier][name]/bgp"
_RIB: Final = f"{_BGP}/rib"
_EVPN_RIB: Final = (
    f"{_RIB}/afi-safis/afi-safi[afi-safi-name]/l2vpn-evpn/loc-rib"
    "/routes/route-distinguisher[route-distinguisher]"
)
_PATH: Final = "paths/path[peer-ip][peer-path-id][source-route-distinguisher][source-address-family]"
_L2RIB: Final = f"{NETWORK_INSTANCE}/fdb/l2rib"
_VXLAN: Final = (
    f"{NETWORK_INSTANCE}/connection-points/connection-point[connection-point-id]"
    "/endpoints/endpoint[endpoint-id]/vxlan"
)


def _route(
    route_type: int, route: str, keys: tuple[Key, ...], leaves: tuple[Leaf, ...] = ()
) -> EntityMapping:
    """Return the mapping of one EVPN route type (openconfig-rib-bgp-tables, l2vpn-evpn)."""
    return EntityMapping(
        table="evpn_route",
        path=f"{_EVPN_RIB}/{route}/{_PATH}",
        constants={"vantage": "loc_rib", "route_type": route_type},
        keys=(
            IN_INSTANCE,
            Key("route-distinguisher[route-distinguisher]", "rd", Kind.RD),
            *keys,
            Key("path[peer-ip]", "neighbor", Kind.PEER),
            Key("path[peer-path-id]", "path_id", Kind.UINT, optional=True),
            Key("path[source-route-distinguisher]", "source_rd", Kind.RD, optional=True),
        ),
        leaves=(
            *leaves,
            Leaf("state/label", "label", Kind.UINT),
            Leaf("state/label2", "label2", Kind.UINT),
            Leaf("state/bestpath", "best", Kind.BOOL),
            Leaf("state/valid-route", "valid", Kind.BOOL),
            Leaf("state/attr-index", "attr_index", Kind.UINT),
            Leaf("state/ext-community-index", "ext_community_index", Kind.UINT),
            Leaf("state/last-modified", "last_modified", Kind.TIME_NS),
            Leaf("state/invalid-reason", "invalid_reason", Kind.IDENTITY),
        ),
        presence=(
            "state/peer-ip",
            "state/peer-path-id",
            "state/source-route-distinguisher",
            "state/source-address-family",
        ),
    )


_ROUTES: Final = (
    _route(
        1,
        "type-one-ethernet-auto-discovery/type-one-route[esi][ethernet-tag]",
        (
            Key("type-one-route[esi]", "route_esi", Kind.ESI),
            Key("type-one-route[esi]", "esi", Kind.ESI),
            Key("type-one-route[ethernet-tag]", "eth_tag", Kind.UINT),
        ),
    ),
    _route(
        2,
        "type-two-mac-ip-advertisement/type-two-route[ethernet-tag][mac-address][mac-length][ip-prefix][ip-length]",
        (
            Key("type-two-route[ethernet-tag]", "eth_tag", Kind.UINT),
            Key("type-two-route[mac-address]", "mac", Kind.MAC),
            Key("type-two-route[ip-prefix]", "ip", Kind.IP),
            Key("type-two-route[ip-length]", "ip_len", Kind.HOST_LENGTH),
        ),
        (Leaf("state/esi", "esi", Kind.ESI),),
    ),
    _route(
        3,
        "type-three-inclusive-multicast-ethernet-tag"
        "/type-three-route[ethernet-tag][originating-router-ip][originator-ip-length]",
        (
            Key("type-three-route[ethernet-tag]", "eth_tag", Kind.UINT),
            Key("type-three-route[originating-router-ip]", "originator", Kind.ADDRESS),
        ),
    ),
    _route(
        4,
        "type-four-ethernet-segment/type-four-route[esi][originating-router-ip][originator-ip-length]",
        (
            Key("type-four-route[esi]", "route_esi", Kind.ESI),
            Key("type-four-route[esi]", "esi", Kind.ESI),
            Key("type-four-route[originating-router-ip]", "originator", Kind.ADDRESS),
        ),
    ),
    _route(
        5,
        "type-five-ip-prefix/type-five-route[ethernet-tag][ip-prefix-length][ip-prefix]",
        (
            Key("type-five-route[ethernet-tag]", "eth_tag", Kind.UINT),
            Key("type-five-route[ip-prefix]", "ip", Kind.IP),
            Key("type-five-route[ip-prefix-length]", "ip_len", Kind.UINT),
        ),
        (
            Leaf("state/esi", "esi", Kind.ESI),
            Leaf("state/gateway-ip-address", "gateway", Kind.PEER),
        ),
    ),
)

_ATTRIBUTES: Final = (
    EntityMapping(
        table="bgp_attr_set",
        path=f"{_RIB}/attr-sets/attr-set[index]",
        keys=(IN_INSTANCE, Key("attr-set[index]", "attr_index", Kind.UINT)),
        leaves=(
            Leaf("state/next-hop", "next_hop", Kind.ADDRESS),
            Leaf("state/origin", "origin", Kind.IDENTITY),
            Leaf("state/local-pref", "local_pref", Kind.UINT),
            Leaf("state/med", "med", Kind.UINT),
            Leaf("state/originator-id", "originator_id", Kind.ADDRESS),
            Leaf("as-path/as-segment[index]/state/member", "as_path", Kind.AS_PATH),
        ),
        presence=("state/index",),
    ),
    EntityMapping(
        table="bgp_ext_community",
        path=f"{_RIB}/ext-communities/ext-community[index]",
        keys=(IN_INSTANCE, Key("ext-community[index]", "ext_community_index", Kind.UINT)),
        leaves=(Leaf("state/ext-community", "", Kind.EXT_COMMUNITIES),),
        presence=("state/index",),
    ),
)

_L2RIB_PRODUCER: Final = Key(
    "producer[producer]", "producer", Kind.IDENTITY, values=("LOCAL", "STATIC", "BGP")
)
_L2RIB_LEAVES: Final = (
    Leaf("../../state/l2-vni", "vni", Kind.UINT),
    Leaf("state/seq-number", "mobility_seq", Kind.UINT),
    Leaf("state/mobility-state", "mobility_state", Kind.IDENTITY),
    Leaf("state/sticky", "sticky", Kind.BOOL),
    Leaf("state/esi", "esi", Kind.ESI),
)

_MACS: Final = (
    EntityMapping(
        table="mac",
        path=f"{_L2RIB}/mac-table/entries/entry[mac-address]/producers/producer[producer]",
        keys=(IN_INSTANCE, Key("entry[mac-address]", "mac", Kind.MAC), _L2RIB_PRODUCER),
        leaves=(
            *_L2RIB_LEAVES,
            Leaf("../../state/vlan", "vlan", Kind.UINT),
            Leaf("../../state/evi", "evi", Kind.UINT),
        ),
        presence=("state/producer",),
    ),
    EntityMapping(
        table="mac",
        path=f"{NETWORK_INSTANCE}/fdb/mac-table/entries/entry[mac-address][vlan]",
        constants={"producer": "FDB"},
        keys=(
            IN_INSTANCE,
            Key("entry[mac-address]", "mac", Kind.MAC),
            Key("entry[vlan]", "vlan", Kind.UINT, optional=True),
        ),
        leaves=(
            Leaf("state/entry-type", "entry_type", Kind.IDENTITY),
            Leaf("state/evi", "evi", Kind.UINT),
            Leaf("interface/interface-ref/state/interface", "interface", Kind.TEXT),
        ),
        presence=("state/mac-address", "state/vlan"),
    ),
    EntityMapping(
        table="host_binding",
        path=f"{_L2RIB}/mac-ip-table/entries/entry[mac-address][host-ip]/producers/producer[producer]",
        keys=(
            IN_INSTANCE,
            Key("entry[mac-address]", "mac", Kind.MAC),
            Key("entry[host-ip]", "ip", Kind.IP),
            _L2RIB_PRODUCER,
        ),
        leaves=(*_L2RIB_LEAVES, Leaf("../../state/l3-vni", "l3_vni", Kind.UINT)),
        presence=("state/producer",),
    ),
)

_VTEPS: Final = (
    EntityMapping(
        table="vtep",
        path=f"{_VXLAN}/endpoint-peers/endpoint-peer[peer-address]",
        keys=(IN_INSTANCE, Key("endpoint-peer[peer-address]", "peer", Kind.ADDRESS)),
        leaves=(
            Leaf("state/peer-state", "peer_state", Kind.IDENTITY),
            Leaf("state/router-mac", "router_mac", Kind.MAC),
            Leaf("state/uptime", "uptime", Kind.TIME_NS),
        ),
        presence=("state/peer-address",),
    ),
    EntityMapping(
        table="vtep",
        path=f"{_VXLAN}/endpoint-vnis/endpoint-vni[vni]",
        keys=(IN_INSTANCE, Key("endpoint-vni[vni]", "vni", Kind.UINT)),
        leaves=(
            Leaf("state/vni-state", "vni_state", Kind.IDENTITY),
            Leaf("state/vni-type", "vni_type", Kind.IDENTITY),
            Leaf("state/bridge-domain", "bridge_domain", Kind.TEXT),
        ),
        presence=("state/vni",),
    ),
)

_ETHERNET_SEGMENT: Final = EntityMapping(
    table="ethernet_segment",
    path="/ethernet-segments/ethernet-segment[name]",
    keys=(Key("ethernet-segment[name]", "name", Kind.TEXT),),
    leaves=(
        Leaf("state/esi", "esi", Kind.ESI),
        Leaf("state/esi-type", "esi_type", Kind.IDENTITY),
        Leaf("state/redundancy-mode", "redundancy_mode", Kind.IDENTITY),
        Leaf("state/interface", "interface", Kind.TEXT),
        Leaf("state/es-import-route-target", "es_import", Kind.TEXT),
        Leaf("df-election/state/df-election-method", "df_method", Kind.IDENTITY),
        Leaf("df-election/state/preference", "df_preference", Kind.UINT),
        Leaf("df-election/state/revertive", "df_revertive", Kind.BOOL),
        Leaf("df-election/state/election-wait-time", "df_wait_s", Kind.UINT),
    ),
    presence=("state/name",),
)

_DESIGNATED_FORWARDER: Final = EntityMapping(
    # No part of openconfig-ethernet-segments 0.2, whose df-election tells how but not who: an augmentation
    # of ours, with what Nokia SR Linux (association/network-instance/bgp-instance) and FRRouting (flag
    # nonDF) tell.
    table="designated_forwarder",
    path="/ethernet-segments/ethernet-segment[name]/df-election/network-instances/network-instance[name]",
    keys=(Key("ethernet-segment[name]", "name", Kind.TEXT), IN_INSTANCE),
    leaves=(
        Leaf("state/esi", "esi", Kind.ESI),
        Leaf("state/vni", "vni", Kind.UINT),
        Leaf("state/evi", "evi", Kind.UINT),
        Leaf("state/vlan", "vlan", Kind.UINT),
        Leaf("state/designated-forwarder", "local_is_df", Kind.BOOL),
        Leaf("state/designated-forwarder-address", "df_address", Kind.ADDRESS),
    ),
    presence=("state/name",),
)

_LINKS: Final = (
    EntityMapping(
        table="link",
        path=INTERFACE,
        keys=(Key("interface[name]", "interface", Kind.TEXT),),
        leaves=(
            Leaf("state/admin-status", "admin_status", Kind.IDENTITY),
            Leaf("state/oper-status", "oper_status", Kind.IDENTITY),
            Leaf("state/type", "type", Kind.IDENTITY),
            Leaf("state/ifindex", "ifindex", Kind.UINT),
            Leaf("state/last-change", "last_change", Kind.TIME_NS),
            # carrier-transitions is the older name; where a device tells both, link-transitions holds
            Leaf("state/counters/carrier-transitions", "carrier_transitions", Kind.UINT),
            Leaf("state/counters/link-transitions", "carrier_transitions", Kind.UINT),
            Leaf("ethernet/state/aggregate-id", "aggregate", Kind.TEXT),
            Leaf("aggregation/state/min-links", "min_links", Kind.UINT),
        ),
        presence=("state/name",),
    ),
    *(
        EntityMapping(
            table="interface_address",
            path=f"{INTERFACE}/subinterfaces/subinterface[index]/{family}/addresses/address[ip]",
            keys=(
                Key("interface[name]", "interface", Kind.TEXT),
                Key("subinterface[index]", "subinterface", Kind.UINT),
                Key("address[ip]", "address", Kind.ADDRESS),
            ),
            leaves=(Leaf("state/prefix-length", "prefix_length", Kind.UINT),),
            presence=("state/ip",),
        )
        for family in ("ipv4", "ipv6")
    ),
)

_NEIGHBOR: Final = f"{_BGP}/neighbors/neighbor[neighbor-address]"
_SESSIONS: Final = (
    EntityMapping(
        table="bgp_session",
        path=_NEIGHBOR,
        keys=(IN_INSTANCE, Key("neighbor[neighbor-address]", "neighbor", Kind.ADDRESS)),
        leaves=(
            Leaf("state/session-state", "session_state", Kind.IDENTITY),
            Leaf("state/peer-as", "peer_as", Kind.UINT),
            Leaf("state/local-as", "local_as", Kind.UINT),
            Leaf("state/peer-type", "peer_type", Kind.IDENTITY),
            Leaf("state/established-transitions", "established_transitions", Kind.UINT),
            Leaf("state/last-established", "last_established", Kind.TIME_NS),
        ),
        presence=("state/neighbor-address",),
    ),
    EntityMapping(
        table="bgp_session",
        path=f"{_NEIGHBOR}/afi-safis/afi-safi[afi-safi-name]",
        constants={"afi_safi": "L2VPN_EVPN"},
        where={"afi-safi[afi-safi-name]": "L2VPN_EVPN"},
        keys=(IN_INSTANCE, Key("neighbor[neighbor-address]", "neighbor", Kind.ADDRESS)),
        leaves=(
            Leaf("state/active", "active", Kind.BOOL),
            Leaf("state/prefixes/received", "prefixes_received", Kind.UINT),
            Leaf("state/prefixes/sent", "prefixes_sent", Kind.UINT),
            Leaf("state/prefixes/installed", "prefixes_installed", Kind.UINT),
        ),
        presence=("state/afi-safi-name",),
    ),
)


def _wild(path: str) -> str:
    """Return ``path`` for all entries: gNMI takes a list element without keys for any."""
    return "/".join(element.partition("[")[0] for element in path.split("/"))


def _on_change(family: str, *paths: str) -> Subscription:
    return Subscription(family, tuple(_wild(path) for path in paths), Mode.ON_CHANGE)


PROFILE: Final = Profile(
    name="openconfig",
    encodings=("PROTO", "JSON_IETF"),
    origins=("", "openconfig"),
    module_prefix="openconfig",
    subscriptions=(
        _on_change(
            "routes",
            f"{_RIB}/afi-safis/afi-safi/l2vpn-evpn/loc-rib",
            f"{_RIB}/attr-sets",
            f"{_RIB}/ext-communities",
        ),
        _on_change("mac", f"{NETWORK_INSTANCE}/fdb/l2rib", f"{NETWORK_INSTANCE}/fdb/mac-table"),
        _on_change("vtep", f"{_VXLAN}/endpoint-peers", f"{_VXLAN}/endpoint-vnis"),
        _on_change("es", "/ethernet-segments"),
        _on_change(
            "link",
            *(
                f"{INTERFACE}/state/{leaf}"
                for leaf in (
                    "admin-status",
                    "oper-status",
                    "type",
                    "ifindex",
                    "last-change",
                    # a path that a target doesn't know ends the RPC, and every model has this counter
                    "counters/carrier-transitions",
                )
            ),
            f"{INTERFACE}/ethernet/state/aggregate-id",
            f"{INTERFACE}/aggregation/state",
            f"{INTERFACE}/subinterfaces/subinterface/ipv4/addresses",
            f"{INTERFACE}/subinterfaces/subinterface/ipv6/addresses",
        ),
        _on_change("bgp", f"{_NEIGHBOR}/state", f"{_NEIGHBOR}/afi-safis/afi-safi/state"),
        # lists have counters and ages beside what is asked for, which change with every packet
        _on_change("lacp", *(f"{LACP_MEMBER}/state/{leaf}" for leaf in LACP_STATE)),
        _on_change("lldp", *(f"{LLDP_NEIGHBOR}/state/{leaf}" for leaf in LLDP_STATE)),
        _on_change("bfd", *(f"{BFD_PEER}/state/{leaf}" for leaf in BFD_STATE)),
        # an RPC each: many devices have the model of one protocol only, and refuse to be asked for the other
        _on_change("isis", *(f"{ISIS_ADJACENCY}/state/{leaf}" for leaf in ISIS_STATE)),
        _on_change("ospf", *(f"{OSPF_NEIGHBOR}/state/{leaf}" for leaf in OSPF_STATE)),
        Subscription(LIVENESS, ("/system/state/current-datetime",), Mode.SAMPLE, timedelta(seconds=5)),
    ),
    entities=(
        *_ROUTES,
        *_ATTRIBUTES,
        *_MACS,
        *_VTEPS,
        _ETHERNET_SEGMENT,
        _DESIGNATED_FORWARDER,
        *_LINKS,
        *_SESSIONS,
        *NEIGHBORHOOD,
    ),
)
