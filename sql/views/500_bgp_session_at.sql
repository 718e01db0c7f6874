-- Grain: one row per bgp_session that existed at t, by the devices' clocks.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.bgp_session_at(t) AS TABLE
SELECT
    fabric,
    device,
    network_instance,
    neighbor,
    afi_safi,
    session_state,
    peer_as,
    local_as,
    peer_type,
    established_transitions,
    last_established,
    active,
    prefixes_received,
    prefixes_sent,
    prefixes_installed,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.bgp_session_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.bgp_session_current
    WHERE valid_from <= t::TIMESTAMPTZ
);
