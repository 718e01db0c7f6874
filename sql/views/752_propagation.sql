-- Grain: one row per place a MAC came to and device that ever held a route or an entry for it: when the device knew.
-- subject: the MAC as text. what, vtep, mobility_seq, moved_at: the move, as in mac_history; moved_to: whose VTEP it is.
-- knew_at: when the device first told of the new place, null: not before the MAC went on. seconds: after the first that
-- knew. told_by: route, or mac for an entry of its MAC table. Times are the devices' own clocks, or of polls where a device
-- is polled: no better than they are.
-- coverage: how complete the routes' data was at the move, 0 to 1.
-- Cost: as of mac_history, and one pass over the MACs of evpn_route_history and mac_history.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.propagation(subject) AS TABLE
WITH move AS (
    SELECT
        fabric, vni, evi, device AS moved_to, what, esi, vtep, mobility_seq, valid_from AS moved_at, coverage,
        coalesce(lead(valid_from) OVER (PARTITION BY fabric, vni, evi ORDER BY valid_from), 'infinity') AS until
    FROM main.mac_history(subject)
    WHERE what <> 'changed'
),

told AS (
    SELECT fabric, device, label AS vni, next_hop AS vtep, esi, mobility_seq, valid_from, 'route' AS told_by
    FROM store.evpn_route_intervals()
    WHERE route_type = 2 AND mac = mac_number(subject) AND source_rd IS NULL AND valid IS DISTINCT FROM false
    UNION ALL
    SELECT fabric, device, vni, next_hop AS vtep, esi, mobility_seq, valid_from, 'mac' AS told_by
    FROM store.mac_intervals()
    WHERE mac = mac_number(subject) AND next_hop IS NOT NULL
),

knew AS (
    SELECT m.fabric, m.vni, m.evi, m.moved_at, t.device, min(t.valid_from) AS knew_at, arg_min(t.told_by, t.valid_from) AS told_by
    FROM move AS m
    INNER JOIN told AS t
        ON t.fabric = m.fabric AND (t.vni IS NULL OR m.vni IS NULL OR t.vni = m.vni)
            AND (t.vtep = m.vtep OR (m.esi IS NOT NULL AND t.esi = m.esi))
            AND coalesce(t.mobility_seq, m.mobility_seq, 0) = coalesce(m.mobility_seq, 0)
            AND t.valid_from >= m.moved_at AND t.valid_from < m.until
    GROUP BY ALL
)

SELECT
    m.fabric,
    m.vni,
    m.evi,
    m.what,
    m.moved_to,
    m.vtep,
    m.mobility_seq,
    m.moved_at,
    o.device,
    k.knew_at,
    round(epoch(k.knew_at - min(k.knew_at) OVER (PARTITION BY m.fabric, m.vni, m.evi, m.moved_at)), 6) AS seconds,
    k.told_by,
    m.coverage
FROM move AS m
INNER JOIN (SELECT DISTINCT fabric, device FROM told) AS o USING (fabric)
LEFT JOIN knew AS k
    ON k.fabric = m.fabric AND k.vni IS NOT DISTINCT FROM m.vni AND k.evi IS NOT DISTINCT FROM m.evi
        AND k.moved_at = m.moved_at AND k.device = o.device;
