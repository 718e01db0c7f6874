-- Grain: one row per designated_forwarder that exists; replaced as a whole.
-- Read by: view designated_forwarder_current, restart.
CREATE TABLE store.designated_forwarder_current (
    fabric VARCHAR,
    device VARCHAR,
    name VARCHAR,
    network_instance VARCHAR,
    esi VARCHAR,
    vni UINTEGER,
    evi UINTEGER,
    vlan USMALLINT,
    local_is_df BOOLEAN,
    df_address VARCHAR,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
