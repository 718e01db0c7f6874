-- Grain: one row per igp_adjacency that the stream had told of by t, by record time.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.igp_adjacency_known_at(t) AS TABLE
SELECT
    fabric,
    device,
    network_instance,
    protocol,
    instance,
    area,
    interface,
    neighbor,
    adjacency_state,
    address,
    address_v6,
    established,
    state_changes,
    designated_router,
    backup_designated_router,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.igp_adjacency_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.igp_adjacency_current AS c
    ANTI JOIN (
        FROM store.igp_adjacency_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.seen_from <= t::TIMESTAMPTZ
);
