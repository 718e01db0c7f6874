-- Grain: one row per closed interval of unchanged vtep.
-- Read by: view vtep_history, vtep_at, _known_at.
CREATE TABLE store.vtep_history (
    fabric VARCHAR,
    device VARCHAR,
    network_instance VARCHAR,
    peer VARCHAR,
    vni UINTEGER,
    peer_state VARCHAR,
    vni_state VARCHAR,
    vni_type VARCHAR,
    bridge_domain VARCHAR,
    router_mac UBIGINT,
    uptime TIMESTAMPTZ,
    valid_from TIMESTAMPTZ,
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
