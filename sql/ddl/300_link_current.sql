-- Grain: one row per link that exists; replaced as a whole.
-- Read by: view link_current, restart.
CREATE TABLE store.link_current (
    fabric VARCHAR,
    device VARCHAR,
    interface VARCHAR,
    admin_status VARCHAR,
    oper_status VARCHAR,
    type VARCHAR,
    ifindex UINTEGER,
    last_change TIMESTAMPTZ,
    carrier_transitions UBIGINT,
    aggregate VARCHAR,
    min_links USMALLINT,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
