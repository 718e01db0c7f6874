-- Grain: one row per closed interval of unchanged bgp_session.
-- Read by: view bgp_session_history, bgp_session_at, _known_at.
CREATE TABLE store.bgp_session_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
