-- Grain: one row per thing that happened to a collector's session.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.collector_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    family,
    session,
    kind,
    detail,
    event_time,
    recv_time,
    record_time
FROM store.collector_event;
