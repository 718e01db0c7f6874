-- Grain: one row per (fabric, device, family) and span of time in which it was watched, blind or off, from its first
-- sync on; span_to is null for the last. off: taken out of service, which is no blindness.
-- Cost: reads collector_event, a few rows per session.
-- Read by: coverage_between, coverage.
CREATE OR REPLACE MACRO store.observer_spans() AS TABLE
WITH told AS (
    SELECT
        *,
        bool_or(kind = 'end' AND detail = 'removed from the inventory')
            OVER (PARTITION BY fabric, device, family, "offset") AS retired
    FROM store.collector_event
),

turns AS (
    SELECT
        fabric,
        device,
        family,
        "offset",
        "index",
        CASE WHEN kind = 'blind_end' THEN 'watched' WHEN retired THEN 'off' ELSE 'blind' END AS state,
        -- blind from the last that was heard, seeing again from the record with which it was complete
        CASE WHEN kind = 'blind_begin' AND NOT retired THEN event_time ELSE record_time END AS span_from
    FROM told
    WHERE kind IN ('blind_begin', 'blind_end') OR (kind = 'end' AND retired)
)

SELECT
    fabric,
    device,
    family,
    state,
    span_from,
    lead(span_from) OVER (PARTITION BY fabric, device, family ORDER BY "offset", "index") AS span_to
FROM turns;
