-- Grain: one row per evpn_route that existed at t, by the devices' clocks.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.evpn_route_at(t) AS TABLE
SELECT
    fabric,
    device,
    vantage,
    network_instance,
    rd,
    route_type,
    route_esi,
    eth_tag,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    ip_len,
    originator,
    neighbor,
    path_id,
    source_rd,
    esi,
    label,
    label2,
    gateway,
    best,
    valid,
    last_modified,
    invalid_reason,
    next_hop,
    as_path,
    origin,
    local_pref,
    med,
    originator_id,
    mobility_seq,
    sticky,
    default_gateway,
    mac_text(router_mac) AS router_mac,
    encapsulation,
    route_targets,
    esi_label,
    single_active,
    mac_text(es_import) AS es_import,
    df_algorithm,
    df_capabilities,
    df_preference,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.evpn_route_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.evpn_route_current AS c
    ANTI JOIN (
        FROM store.evpn_route_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.valid_from <= t::TIMESTAMPTZ
);
