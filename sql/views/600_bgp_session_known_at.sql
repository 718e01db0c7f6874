-- Grain: one row per bgp_session that the stream had told of by t, by record time.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.bgp_session_known_at(t) AS TABLE
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
    WHERE seen_from <= t::TIMESTAMPTZ AND seen_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.bgp_session_current
    WHERE seen_from <= t::TIMESTAMPTZ
);
