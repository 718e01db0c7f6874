-- Grain: one row per closed interval of unchanged designated_forwarder.
-- Read by: view designated_forwarder_history, designated_forwarder_at, _known_at.
CREATE TABLE store.designated_forwarder_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
