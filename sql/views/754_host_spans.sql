-- Grain: one row per host (kind mac or ip), device and span in which the number of its paths to it stayed the same.
-- of_incident: only what lost a path in its time, or in the minute before it opened. paths: 0 where it had one before
-- and has none; own: it announces the host itself. most: as many as it ever had meanwhile. span_to: infinity for the
-- last. next_hop: of the path that ended with the span before.
-- Cost: reads the type-2 routes that lasted until then or longer, and orders those of the hosts that lost a path.
-- Read by: who_was_hit.
CREATE OR REPLACE MACRO store.host_spans(of_incident) AS TABLE
WITH incident AS (
    SELECT
        fabric,
        opened_at - INTERVAL 1 MINUTE AS since,
        coalesce(resolved_at, 'infinity') AS until
    FROM store.incident
    WHERE incident_id = of_incident
),

held AS (
    SELECT h.*, h.valid_to <= i.until AS lost
    FROM store.held_hosts() AS h
    INNER JOIN incident AS i ON h.fabric = i.fabric
    WHERE h.valid_to >= (SELECT since FROM incident)
),

kept AS (
    SELECT h.*
    FROM held AS h
    SEMI JOIN (SELECT DISTINCT kind, vni, mac, ip_hi, ip_lo FROM held WHERE lost AND path <> '') AS l
        ON l.kind = h.kind AND l.vni IS NOT DISTINCT FROM h.vni AND l.mac IS NOT DISTINCT FROM h.mac
            AND l.ip_hi IS NOT DISTINCT FROM h.ip_hi AND l.ip_lo IS NOT DISTINCT FROM h.ip_lo
),

-- of one path there can be several routes: with and without an address, or one that gives way to the next
steps AS (
    SELECT fabric, device, kind, vni, mac, ip_hi, ip_lo, path, valid_from AS edge, 1 AS step, NULL::VARCHAR AS next_hop
    FROM kept
    UNION ALL
    SELECT fabric, device, kind, vni, mac, ip_hi, ip_lo, path, valid_to AS edge, -1 AS step, next_hop
    FROM kept
),

by_path AS (
    SELECT
        fabric, device, kind, vni, mac, ip_hi, ip_lo, path, edge, max(next_hop) AS next_hop,
        sum(sum(step)) OVER (PARTITION BY fabric, device, kind, vni, mac, ip_hi, ip_lo, path ORDER BY edge) > 0 AS there
    FROM steps
    GROUP BY fabric, device, kind, vni, mac, ip_hi, ip_lo, path, edge
),

turns AS (
    SELECT
        *,
        there IS DISTINCT FROM coalesce(lag(there) OVER (
            PARTITION BY fabric, device, kind, vni, mac, ip_hi, ip_lo, path ORDER BY edge
        ), false) AS turned
    FROM by_path
),

counted AS (
    SELECT
        fabric, device, kind, vni, mac, ip_hi, ip_lo, edge AS span_from, max(next_hop) AS next_hop,
        sum(sum(CASE WHEN there THEN 1 ELSE -1 END)) OVER host AS paths,
        sum(sum(CASE WHEN path <> '' THEN 0 WHEN there THEN 1 ELSE -1 END)) OVER host > 0 AS own
    FROM turns
    WHERE turned
    GROUP BY fabric, device, kind, vni, mac, ip_hi, ip_lo, edge
    WINDOW host AS (PARTITION BY fabric, device, kind, vni, mac, ip_hi, ip_lo ORDER BY edge)
)

SELECT
    *,
    max(paths) OVER (PARTITION BY fabric, device, kind, vni, mac, ip_hi, ip_lo) AS most,
    coalesce(
        lead(span_from) OVER (PARTITION BY fabric, device, kind, vni, mac, ip_hi, ip_lo ORDER BY span_from), 'infinity'
    ) AS span_to
FROM counted;
