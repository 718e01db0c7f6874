-- Grain: one row per change of bgp_session; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bgp_session_event AS
SELECT
    fabric,
    "offset",
    "index",
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
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.bgp_session_event;
