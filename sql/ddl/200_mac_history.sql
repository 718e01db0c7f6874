-- Grain: one row per closed interval of unchanged mac.
-- Read by: view mac_history, mac_at, _known_at.
CREATE TABLE store.mac_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
