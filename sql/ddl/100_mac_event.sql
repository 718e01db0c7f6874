-- Grain: one row per change of mac; identity (fabric, offset, index).
-- Read by: view mac_event, restart.
CREATE TABLE store.mac_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
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
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
