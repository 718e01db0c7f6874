-- Grain: one row per (fabric, device, family) and span of time in which it was watched, blind or off, from its first
-- sync on; span_to is null for the last. off: taken out of service, which is no blindness. A device that fell silent
-- with its sessions up (rule X1) is blind in all families, from the last that was heard of it to the next.
-- Cost: reads collector_event, a few rows per session, and the findings of X1.
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
),

spans AS (
    SELECT
        fabric,
        device,
        family,
        state,
        span_from,
        lead(span_from) OVER (PARTITION BY fabric, device, family ORDER BY "offset", "index") AS span_to
    FROM turns
),

edges AS (
    SELECT
        *,
        span_from AS edge
    FROM spans
    UNION
    SELECT
        s.*,
        unnest([q.silent_from, q.silent_to]) AS edge
    FROM spans AS s
    INNER JOIN store.device_silences() AS q USING (fabric, device)
    WHERE s.state = 'watched'
)

SELECT
    e.fabric,
    e.device,
    e.family,
    CASE
        WHEN
            e.state = 'watched' AND EXISTS (
                FROM store.device_silences() AS q
                WHERE q.fabric = e.fabric AND q.device = e.device
                    AND q.silent_from <= e.edge AND coalesce(q.silent_to, 'infinity') > e.edge
            )
            THEN 'blind'
        ELSE e.state
    END AS state,
    e.edge AS span_from,
    coalesce(lead(e.edge) OVER (PARTITION BY e.fabric, e.device, e.family, e.span_from ORDER BY e.edge), e.span_to)
        AS span_to
FROM edges AS e
WHERE e.edge >= e.span_from AND (e.edge = e.span_from OR e.edge < coalesce(e.span_to, 'infinity'));
