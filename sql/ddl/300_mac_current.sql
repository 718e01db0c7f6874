-- Grain: one row per mac that exists; replaced as a whole.
-- Read by: view mac_current, restart.
CREATE TABLE store.mac_current (
    fabric VARCHAR,
    device VARCHAR,
    network_instance VARCHAR,
    mac UBIGINT,
    producer VARCHAR,
    vlan USMALLINT,
    vni UINTEGER,
    evi UINTEGER,
    mobility_seq UINTEGER,
    mobility_state VARCHAR,
    sticky BOOLEAN,
    esi VARCHAR,
    next_hop VARCHAR,
    interface VARCHAR,
    entry_type VARCHAR,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
