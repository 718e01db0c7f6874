-- Grain: one row per closed interval of unchanged ethernet_segment.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.ethernet_segment_history AS
SELECT
    fabric,
    device,
    name,
    esi,
    esi_type,
    redundancy_mode,
    interface,
    es_import,
    df_method,
    df_preference,
    df_revertive,
    df_wait_s,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.ethernet_segment_history;
