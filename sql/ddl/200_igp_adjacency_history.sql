-- Grain: one row per closed interval of unchanged igp_adjacency.
-- Read by: view igp_adjacency_history, igp_adjacency_at, _known_at.
CREATE TABLE store.igp_adjacency_history (
    fabric VARCHAR,
    device VARCHAR,
    network_instance VARCHAR,
    protocol VARCHAR,
    instance VARCHAR,
    area VARCHAR,
    interface VARCHAR,
    neighbor VARCHAR,
    adjacency_state VARCHAR,
    address VARCHAR,
    address_v6 VARCHAR,
    established TIMESTAMPTZ,
    state_changes UINTEGER,
    designated_router VARCHAR,
    backup_designated_router VARCHAR,
    valid_from TIMESTAMPTZ,
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
