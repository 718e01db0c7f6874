-- Grain: one row per thing that differs between t1 and t2, by the devices' clocks; what changed and changed back doesn't.
-- change: added, removed, changed. kind and the columns that identify: as in store.fabric_intervals; mac is text.
-- before: as it was at t1, after: as it was at t2, JSON, null where there is nothing. happened: when it became so.
-- coverage(t1, t2) says how complete the data is: who was blind at either time is shown as last known.
-- Cost: intervals that end or begin between the times, not what lasts: grows with the changes, not with the fabric.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.fabric_diff(t1, t2) AS TABLE
WITH gone AS (
    SELECT * FROM store.fabric_intervals()
    WHERE valid_from <= t1::TIMESTAMPTZ AND valid_to > t1::TIMESTAMPTZ AND valid_to <= t2::TIMESTAMPTZ
),

come AS (
    SELECT * FROM store.fabric_intervals()
    WHERE valid_from > t1::TIMESTAMPTZ AND valid_from <= t2::TIMESTAMPTZ
        AND (valid_to IS NULL OR valid_to > t2::TIMESTAMPTZ)
)

SELECT
    coalesce(a.fabric, b.fabric) AS fabric,
    coalesce(a.kind, b.kind) AS kind,
    coalesce(a.device, b.device) AS device,
    coalesce(a.name, b.name) AS name,
    coalesce(a.vni, b.vni) AS vni,
    mac_text(coalesce(a.mac, b.mac)) AS mac,
    coalesce(a.ip, b.ip) AS ip,
    coalesce(a.esi, b.esi) AS esi,
    coalesce(a.interface, b.interface) AS interface,
    coalesce(a.peer, b.peer) AS peer,
    CASE WHEN a.fabric IS NULL THEN 'added' WHEN b.fabric IS NULL THEN 'removed' ELSE 'changed' END AS change,
    a.value AS before,
    b.value AS after,
    coalesce(b.valid_from, a.valid_to) AS happened
FROM gone AS a
FULL JOIN come AS b
    ON a.fabric = b.fabric
        AND a.kind = b.kind
        AND a.device IS NOT DISTINCT FROM b.device
        AND a.name IS NOT DISTINCT FROM b.name
        AND a.vni IS NOT DISTINCT FROM b.vni
        AND a.mac IS NOT DISTINCT FROM b.mac
        AND a.ip IS NOT DISTINCT FROM b.ip
        AND a.esi IS NOT DISTINCT FROM b.esi
        AND a.interface IS NOT DISTINCT FROM b.interface
        AND a.peer IS NOT DISTINCT FROM b.peer
WHERE a.value IS DISTINCT FROM b.value;
