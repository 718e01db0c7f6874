-- Grain: one row per closed interval of unchanged ethernet_segment.
-- Read by: view ethernet_segment_history, ethernet_segment_at, _known_at.
CREATE TABLE store.ethernet_segment_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
