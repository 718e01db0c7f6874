-- Grain: one row per change of ethernet_segment; identity (fabric, offset, index).
-- Read by: view ethernet_segment_event, restart.
CREATE TABLE store.ethernet_segment_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    name VARCHAR,
    esi VARCHAR,
    esi_type VARCHAR,
    redundancy_mode VARCHAR,
    interface VARCHAR,
    es_import VARCHAR,
    df_method VARCHAR,
    df_preference UINTEGER,
    df_revertive BOOLEAN,
    df_wait_s UINTEGER,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
