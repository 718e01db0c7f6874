-- Grain: one row per bgp_session that exists; replaced as a whole.
-- Read by: view bgp_session_current, restart.
CREATE TABLE store.bgp_session_current (
    fabric VARCHAR,
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
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
