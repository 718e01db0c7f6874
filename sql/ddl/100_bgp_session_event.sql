-- Grain: one row per change of bgp_session; identity (fabric, offset, index).
-- Read by: view bgp_session_event, restart.
CREATE TABLE store.bgp_session_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    network_instance VARCHAR,
    neighbor VARCHAR,
    afi_safi VARCHAR,
    session_state VARCHAR,
    peer_as UINTEGER,
    local_as UINTEGER,
    peer_type VARCHAR,
    established_transitions UBIGINT,
    last_established TIMESTAMPTZ,
    active BOOLEAN,
    prefixes_received UINTEGER,
    prefixes_sent UINTEGER,
    prefixes_installed UINTEGER,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
