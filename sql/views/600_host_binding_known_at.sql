-- Grain: one row per host_binding that the stream had told of by t, by record time.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.host_binding_known_at(t) AS TABLE
SELECT
    fabric,
    device,
    network_instance,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    producer,
    vni,
    l3_vni,
    mobility_seq,
    mobility_state,
    sticky,
    esi,
    next_hop,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.host_binding_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.host_binding_current
    WHERE seen_from <= t::TIMESTAMPTZ
);
