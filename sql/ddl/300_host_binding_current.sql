-- Grain: one row per host_binding that exists; replaced as a whole.
-- Read by: view host_binding_current, restart.
CREATE TABLE store.host_binding_current (
    fabric VARCHAR,
    device VARCHAR,
    network_instance VARCHAR,
    mac UBIGINT,
    ip_hi UBIGINT,
    ip_lo UBIGINT,
    producer VARCHAR,
    vni UINTEGER,
    l3_vni UINTEGER,
    mobility_seq UINTEGER,
    mobility_state VARCHAR,
    sticky BOOLEAN,
    esi VARCHAR,
    next_hop VARCHAR,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
