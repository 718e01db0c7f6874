-- Grain: one row per mac_location that the stream had told of by t, by record time.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.mac_location_known_at(t) AS TABLE
SELECT
    fabric,
    vni,
    evi,
    mac_text(mac) AS mac,
    location,
    esi,
    vtep,
    mobility_seq,
    sticky,
    observers,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.mac_location_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.mac_location_current
    WHERE seen_from <= t::TIMESTAMPTZ
);
