-- Grain: one row per closed interval of unchanged bgp_session.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bgp_session_history AS
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
    opened_index,
    closed_reason
FROM store.bgp_session_history;
