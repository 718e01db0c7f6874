-- Grain: one row per change of igp_adjacency; identity (fabric, offset, index).
-- Read by: view igp_adjacency_event, restart.
CREATE TABLE store.igp_adjacency_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
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
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
