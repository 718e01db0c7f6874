-- Grain: one row per ethernet_segment that exists; replaced as a whole.
-- Read by: view ethernet_segment_current, restart.
CREATE TABLE store.ethernet_segment_current (
    fabric VARCHAR,
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
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
