-- Grain: one row per closed interval of unchanged link.
-- Read by: view link_history, link_at, _known_at.
CREATE TABLE store.link_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
