-- Grain: one row per record, or part of one, that could not be read.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.dead_letter AS
SELECT
    fabric,
    "offset",
    record_time,
    device,
    reason
FROM store.dead_letter;
