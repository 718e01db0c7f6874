-- Grain: one row per step in an incident's life.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.incident_event AS
SELECT
    fabric,
    incident_id,
    "offset",
    "index",
    event_time,
    kind,
    rule,
    severity,
    summary,
    actor
FROM store.incident_event;
