-- Grain: one row per lacp_member that existed at t, by the devices' clocks.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.lacp_member_at(t) AS TABLE
SELECT
    fabric,
    device,
    interface,
    member,
    synchronization,
    collecting,
    distributing,
    mac_text(system_id) AS system_id,
    oper_key,
    mac_text(partner_id) AS partner_id,
    partner_key,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.lacp_member_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.lacp_member_current AS c
    ANTI JOIN (
        FROM store.lacp_member_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index
    WHERE c.valid_from <= t::TIMESTAMPTZ
);
