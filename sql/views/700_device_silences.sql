-- Grain: one row per time in which nothing was heard of a device though its sessions were up (rule X1).
-- silent_to is null while it lasts.
-- Cost: reads the findings of one rule.
-- Read by: observer_spans, blind_intervals.
CREATE OR REPLACE MACRO store.device_silences() AS TABLE
SELECT
    fabric,
    device,
    (evidence ->> 'last_heard')::TIMESTAMPTZ AS silent_from,
    max((evidence ->> 'heard_again')::TIMESTAMPTZ) AS silent_to
FROM store.finding
WHERE rule = 'X1' AND device IS NOT NULL
GROUP BY fabric, device, silent_from;
