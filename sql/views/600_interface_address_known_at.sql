-- Grain: one row per interface_address that the stream had told of by t, by record time.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.interface_address_known_at(t) AS TABLE
SELECT
    fabric,
    device,
    interface,
    subinterface,
    address,
    prefix_length,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.interface_address_history
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.interface_address_current
    WHERE seen_from <= t::TIMESTAMPTZ
);
