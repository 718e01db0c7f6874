-- Grain: one row per (fabric, family): how complete its data was between since and until.
-- observers: devices that were to be watched; blind: those of them that were not, at some time; coverage: the part of
-- their time that was watched, 0 to 1.
-- Cost: reads collector_event, a few rows per session.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.coverage(since, until) AS TABLE
WITH spans AS (
    SELECT
        s.fabric,
        s.family,
        s.device,
        s.state,
        epoch_us(
            least(
                coalesce(s.span_to, 'infinity'),
                greatest(until::TIMESTAMPTZ, since::TIMESTAMPTZ + INTERVAL 1 MICROSECOND)
            )
        ) - epoch_us(greatest(s.span_from, since::TIMESTAMPTZ)) AS us
    FROM store.observer_spans() AS s
    WHERE s.state <> 'off'
)

SELECT
    fabric,
    family,
    count(DISTINCT device) AS observers,
    count(DISTINCT device) FILTER (state = 'blind') AS blind,
    round(coalesce(sum(us) FILTER (state = 'watched'), 0) / sum(us), 6) AS coverage
FROM spans
WHERE us > 0
GROUP BY ALL;
