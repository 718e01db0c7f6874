-- Grain: one row per ethernet_segment that existed at t, by the devices' clocks.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.ethernet_segment_at(t) AS TABLE
SELECT
    fabric,
    device,
    name,
    esi,
    esi_type,
    redundancy_mode,
    interface,
    es_import,
    df_method,
    df_preference,
    df_revertive,
    df_wait_s,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.ethernet_segment_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.ethernet_segment_current
    WHERE valid_from <= t::TIMESTAMPTZ
);
