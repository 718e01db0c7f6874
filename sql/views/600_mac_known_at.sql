-- Grain: one row per mac that the stream had told of by t, by record time.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.mac_known_at(t) AS TABLE
SELECT
    fabric,
    device,
    network_instance,
    mac_text(mac) AS mac,
    producer,
    vlan,
    vni,
    evi,
    mobility_seq,
    mobility_state,
    sticky,
    esi,
    next_hop,
    interface,
    entry_type,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.mac_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.mac_current
    WHERE seen_from <= t::TIMESTAMPTZ
);
