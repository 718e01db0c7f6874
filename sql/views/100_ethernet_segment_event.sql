-- Grain: one row per change of ethernet_segment; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.ethernet_segment_event AS
SELECT
    fabric,
    "offset",
    "index",
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
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.ethernet_segment_event;
