-- Grain: one row per link that existed at t, by the devices' clocks.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.link_at(t) AS TABLE
SELECT
    fabric,
    device,
    interface,
    admin_status,
    oper_status,
    type,
    ifindex,
    last_change,
    carrier_transitions,
    aggregate,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.link_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.link_current
    WHERE valid_from <= t::TIMESTAMPTZ
);
