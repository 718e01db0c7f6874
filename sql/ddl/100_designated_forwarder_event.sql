-- Grain: one row per change of designated_forwarder; identity (fabric, offset, index).
-- Read by: view designated_forwarder_event, restart.
CREATE TABLE store.designated_forwarder_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    name VARCHAR,
    network_instance VARCHAR,
    esi VARCHAR,
    vni UINTEGER,
    evi UINTEGER,
    vlan USMALLINT,
    local_is_df BOOLEAN,
    df_address VARCHAR,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
