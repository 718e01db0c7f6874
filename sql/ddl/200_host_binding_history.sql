-- Grain: one row per closed interval of unchanged host_binding.
-- Read by: view host_binding_history, host_binding_at, _known_at.
CREATE TABLE store.host_binding_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
