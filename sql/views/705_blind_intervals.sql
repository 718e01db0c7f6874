-- Grain: one row per time between since and until in which an observer could not be trusted, cut to that range.
-- since, until: times. ongoing: it had not ended at until. why, detail: as in blind_interval, which knows all cuts of
-- sessions; or silence, family null: nothing was heard of the device in any though its sessions were up (rule X1).
-- Cost: reads collector_event, a few rows per session, and the findings of X1.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.blind_intervals(since, until) AS TABLE
SELECT
    b.fabric,
    b.device,
    b.family,
    greatest(b.blind_from, since::TIMESTAMPTZ) AS blind_from,
    least(coalesce(b.blind_to, until::TIMESTAMPTZ), until::TIMESTAMPTZ) AS blind_to,
    b.blind_to IS NULL OR b.blind_to > until::TIMESTAMPTZ AS ongoing,
    epoch(
        least(coalesce(b.blind_to, until::TIMESTAMPTZ), until::TIMESTAMPTZ)
        - greatest(b.blind_from, since::TIMESTAMPTZ)
    ) AS seconds,
    b.why,
    b.detail
FROM (
    SELECT * FROM main.blind_interval
    UNION ALL BY NAME
    SELECT fabric, device, silent_from AS blind_from, silent_to AS blind_to, 'silence' AS why, 'rule X1' AS detail
    FROM store.device_silences()
) AS b
WHERE b.blind_from <= until::TIMESTAMPTZ AND (b.blind_to IS NULL OR b.blind_to > since::TIMESTAMPTZ);
