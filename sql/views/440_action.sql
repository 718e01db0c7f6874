-- Grain: one row per thing that people did.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.action AS
SELECT
    fabric,
    "offset",
    record_time,
    actor,
    verb,
    subject,
    detail,
    remark
FROM store.action;
