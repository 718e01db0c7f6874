-- Grain: one row per time in which an observer could not be trusted: from its last record to the sync of a later session.
-- blind_to is null while it lasts. Why: the session's end, its replacement without an end, or records that are missing.
-- A target that is taken out of service (an end for the reason RETIRED of collectors/records.py) is not blind: its
-- interval ends there, and none begins.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.blind_interval AS
WITH turns AS (
    SELECT
        *,
        lead(record_time) OVER (PARTITION BY fabric, device, family ORDER BY "offset", "index") AS next_time
    FROM store.collector_event
    WHERE kind IN ('blind_begin', 'blind_end') OR (kind = 'end' AND detail = 'removed from the inventory')
),

reasons AS (
    SELECT
        fabric,
        device,
        family,
        "offset",
        max_by(kind, "index") AS kind,
        max_by(detail, "index") AS detail
    FROM store.collector_event
    WHERE kind IN ('end', 'superseded', 'hole')
    GROUP BY fabric, device, family, "offset"
)

SELECT
    t.fabric,
    t.device,
    t.family,
    t.event_time AS blind_from,
    t.next_time AS blind_to,
    r.kind AS why,
    r.detail
FROM turns AS t
LEFT JOIN reasons AS r USING (fabric, device, family, "offset")
WHERE t.kind = 'blind_begin' AND (r.kind = 'end' AND r.detail = 'removed from the inventory') IS NOT TRUE;
