-- Grain: one row per lldp_neighbor that existed at t, by the devices' clocks.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.lldp_neighbor_at(t) AS TABLE
SELECT
    fabric,
    device,
    interface,
    neighbor,
    chassis_id,
    chassis_id_type,
    port_id,
    port_id_type,
    system_name,
    port_description,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.lldp_neighbor_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.lldp_neighbor_current AS c
    ANTI JOIN (
        FROM store.lldp_neighbor_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.valid_from <= t::TIMESTAMPTZ
);
