-- Grain: one row per (fabric, device, family): what can be said of what this observer reports.
-- known: fresh; stale (the observer is syncing, blind or gone, or nothing was heard of the device for 15 s: its last
-- words may be outdated); unknown (the stream itself has said nothing for 15 s). Depends on the wall clock.
-- Read by: all *_current views, panels.
CREATE OR REPLACE VIEW main.observer_current AS
SELECT
    o.fabric,
    o.device,
    o.family,
    o.session,
    o.state,
    o.since,
    o.last_seen,
    CASE
        WHEN p.record_time IS NULL OR p.record_time < now() - INTERVAL 15 SECONDS THEN 'unknown'
        WHEN o.state = 'fresh'
            AND max(o.last_seen) OVER (PARTITION BY o.fabric, o.device) >= p.record_time - INTERVAL 15 SECONDS
        THEN 'fresh'
        ELSE 'stale'
    END AS known
FROM store.observer_current AS o
LEFT JOIN store.stream_position AS p ON p.fabric = o.fabric;
