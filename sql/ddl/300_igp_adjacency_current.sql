-- Grain: one row per igp_adjacency that exists; replaced as a whole.
-- Read by: view igp_adjacency_current, restart.
CREATE TABLE store.igp_adjacency_current (
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
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
