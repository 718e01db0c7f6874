-- Grain: one row per designated_forwarder that the stream had told of by t, by record time.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.designated_forwarder_known_at(t) AS TABLE
SELECT
    fabric,
    device,
    name,
    network_instance,
    esi,
    vni,
    evi,
    vlan,
    local_is_df,
    df_address,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.designated_forwarder_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.designated_forwarder_current AS c
    ANTI JOIN (
        FROM store.designated_forwarder_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.seen_from <= t::TIMESTAMPTZ
);
