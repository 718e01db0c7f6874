-- Grain: one row per vtep that exists; replaced as a whole.
-- Read by: view vtep_current, restart.
CREATE TABLE store.vtep_current (
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
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
