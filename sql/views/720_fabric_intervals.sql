-- Grain: one row per interval of anything that forensic questions compare, closed or open (valid_to is null).
-- kind, with what identifies it and what value (JSON) holds of it:
--   mac: vni, mac (a number); where it is. host: vni, mac, ip; a device announces itself that they belong together.
--   route: routes of types 1, 3, 4 and 5 that a device itself announces. vtep: tunnels and VNIs of a device.
--   segment, forwarder: Ethernet segments and designated forwarders as a device says. link, bgp, bfd, igp: its ports
--   and neighbours. Counters and clocks are left out: they are no news.
-- valid_*: by the devices' clocks; seen_*: when the stream told of it.
-- Cost: WHERE on valid_from, valid_to, device and kind goes down to the tables; JSON is made of what is left.
-- Read by: changes, fabric_at, fabric_diff, known_at.
CREATE OR REPLACE MACRO store.fabric_intervals() AS TABLE
SELECT
    fabric,
    'mac' AS kind,
    NULL::VARCHAR AS device,
    'EVI ' || evi AS name,
    vni,
    mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    NULL::VARCHAR AS interface,
    NULL::VARCHAR AS peer,
    to_json({'vtep': vtep, 'esi': esi, 'mobility_seq': mobility_seq, 'sticky': sticky})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.mac_location_intervals()
UNION ALL
SELECT
    fabric,
    'host' AS kind,
    device,
    rd AS name,
    label AS vni,
    mac,
    ip_text(ip_hi, ip_lo) AS ip,
    NULL::VARCHAR AS esi,
    NULL::VARCHAR AS interface,
    NULL::VARCHAR AS peer,
    to_json({'vtep': next_hop, 'esi': esi})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.evpn_route_intervals()
WHERE route_type = 2 AND ip_lo IS NOT NULL AND neighbor IS NULL AND source_rd IS NULL AND vantage = 'loc_rib'
UNION ALL
SELECT
    fabric,
    'route' AS kind,
    device,
    concat_ws(' ', 'type ' || route_type, rd, 'tag ' || eth_tag) AS name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    ip_text(ip_hi, ip_lo) || '/' || ip_len AS ip,
    route_esi AS esi,
    NULL::VARCHAR AS interface,
    originator AS peer,
    to_json({'vni': label, 'next_hop': next_hop, 'route_targets': route_targets, 'esi_label': esi_label, 'single_active': single_active, 'df_preference': df_preference})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.evpn_route_intervals()
WHERE route_type <> 2 AND neighbor IS NULL AND source_rd IS NULL AND vantage = 'loc_rib'
UNION ALL
SELECT
    fabric,
    'vtep' AS kind,
    device,
    network_instance AS name,
    vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    NULL::VARCHAR AS interface,
    peer,
    to_json({'peer_state': peer_state, 'vni_state': vni_state, 'vni_type': vni_type, 'bridge_domain': bridge_domain})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.vtep_intervals()
UNION ALL
SELECT
    fabric,
    'segment' AS kind,
    device,
    name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    NULL::VARCHAR AS interface,
    NULL::VARCHAR AS peer,
    to_json({'esi': esi, 'redundancy_mode': redundancy_mode, 'interface': interface, 'df_method': df_method, 'df_preference': df_preference, 'df_revertive': df_revertive})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.ethernet_segment_intervals()
UNION ALL
SELECT
    fabric,
    'forwarder' AS kind,
    device,
    concat_ws(' ', name, network_instance, 'EVI ' || evi, 'VLAN ' || vlan) AS name,
    vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    esi,
    NULL::VARCHAR AS interface,
    NULL::VARCHAR AS peer,
    to_json({'local_is_df': local_is_df, 'df_address': df_address})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.designated_forwarder_intervals()
UNION ALL
SELECT
    fabric,
    'link' AS kind,
    device,
    NULL::VARCHAR AS name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    interface,
    NULL::VARCHAR AS peer,
    to_json({'admin_status': admin_status, 'oper_status': oper_status, 'aggregate': aggregate, 'min_links': min_links})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.link_intervals()
UNION ALL
SELECT
    fabric,
    'bgp' AS kind,
    device,
    network_instance AS name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    NULL::VARCHAR AS interface,
    neighbor AS peer,
    to_json({'session_state': session_state, 'peer_as': peer_as})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.bgp_session_intervals()
WHERE afi_safi IS NULL
UNION ALL
SELECT
    fabric,
    'bfd' AS kind,
    device,
    discriminator AS name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    interface,
    NULL::VARCHAR AS peer,
    to_json({'session_state': session_state, 'peer': peer, 'diagnostic': diagnostic})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.bfd_session_intervals()
UNION ALL
SELECT
    fabric,
    'igp' AS kind,
    device,
    concat_ws(' ', network_instance, protocol, instance, area) AS name,
    NULL::UINTEGER AS vni,
    NULL::UBIGINT AS mac,
    NULL::VARCHAR AS ip,
    NULL::VARCHAR AS esi,
    interface,
    neighbor AS peer,
    to_json({'adjacency_state': adjacency_state, 'address': address, 'address_v6': address_v6})::VARCHAR AS value,
    valid_from,
    valid_to,
    seen_from,
    seen_to
FROM store.igp_adjacency_intervals();
