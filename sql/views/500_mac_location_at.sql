-- Grain: one row per mac_location that existed at t, by the devices' clocks.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.mac_location_at(t) AS TABLE
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
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.mac_location_current
    WHERE valid_from <= t::TIMESTAMPTZ
);
