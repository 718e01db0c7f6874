-- Grain: one row per change of host_binding; identity (fabric, offset, index).
-- Read by: view host_binding_event, restart.
CREATE TABLE store.host_binding_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
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
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
