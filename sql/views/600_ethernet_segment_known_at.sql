-- Grain: one row per ethernet_segment that the stream had told of by t, by record time.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.ethernet_segment_known_at(t) AS TABLE
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
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.ethernet_segment_current AS c
    ANTI JOIN (
        FROM store.ethernet_segment_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.seen_from <= t::TIMESTAMPTZ
);
