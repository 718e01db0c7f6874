-- Grain: one row per change between since (excluded) and until (included): something appeared, went, or became other.
-- change: added, removed, changed. kind and the columns that identify: as in store.fabric_intervals; mac is text.
-- before, after: JSON, null where there is nothing. happened: by the devices' clocks.
-- coverage(since, until) says how complete the data is; what is known from a first dump counts as added.
-- Cost: grows with the intervals that begin or end in the range, and their columns of time are read.
-- Read by: people, forensics, changes_before.
CREATE OR REPLACE MACRO main.changes(since, until) AS TABLE
WITH ended AS (
    SELECT * FROM store.fabric_intervals()
    WHERE valid_to > since::TIMESTAMPTZ AND valid_to <= until::TIMESTAMPTZ AND valid_to > valid_from
),

began AS (
    SELECT * FROM store.fabric_intervals()
    WHERE valid_from > since::TIMESTAMPTZ AND valid_from <= until::TIMESTAMPTZ
        AND (valid_to IS NULL OR valid_to > valid_from)
)

SELECT
    coalesce(a.valid_to, b.valid_from) AS happened,
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
    b.value AS after
FROM ended AS a
FULL JOIN began AS b
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
        AND a.valid_to = b.valid_from
WHERE a.value IS DISTINCT FROM b.value;
