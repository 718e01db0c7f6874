-- Grain: one row per fabric: how far its topic has been read.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.stream_position AS
SELECT
    fabric,
    topic,
    next_offset,
    record_time
FROM store.stream_position;
