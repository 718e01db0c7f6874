-- Grain: one row per (fabric, leaf, VNI it serves, VTEP of another leaf that originates a type-3 route for the VNI).
-- device: the leaf whose flood list it is; owner: whose VTEP, null if it isn't observed.
-- state: member; missing (it holds no route); invalid (BGP refuses it); no_targets (it came without route targets);
-- next_hop_changed (the next hop is not the VTEP's address, look whose it is). paths: how many it holds.
-- since: when the oldest path that is held began, or the last one that was ended; null: it never had one.
-- known: of the leaf, as in observer_current. Depends on the wall clock.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.flood_list AS
WITH route AS (
    SELECT fabric, device, label AS vni, originator AS vtep, neighbor, best, valid, next_hop, route_targets, valid_from
    FROM store.evpn_route_current
    WHERE route_type = 3 AND originator IS NOT NULL AND label IS NOT NULL
),
own AS (
    SELECT DISTINCT fabric, device, vni, vtep FROM route WHERE neighbor IS NULL
),
served AS (
    SELECT fabric, device, vni FROM own
    UNION
    SELECT fabric, device, vni FROM store.vtep_current WHERE vni IS NOT NULL AND vni_state IS DISTINCT FROM 'DOWN'
),
originated AS (
    SELECT fabric, vni, vtep, min(device) AS owner FROM own GROUP BY ALL
    UNION ALL
    SELECT DISTINCT r.fabric, r.vni, r.vtep, NULL AS owner
    FROM route AS r
    WHERE NOT EXISTS (FROM own AS o WHERE o.fabric = r.fabric AND o.vtep = r.vtep)
),
held AS (
    SELECT
        fabric,
        device,
        vni,
        vtep,
        count(*)::UINTEGER AS paths,
        bool_and(valid IS NOT DISTINCT FROM false) AS invalid,
        coalesce(min(next_hop) FILTER (best), min(next_hop)) AS next_hop,
        coalesce(min(route_targets) FILTER (best), min(route_targets)) AS route_targets,
        min(valid_from) AS since
    FROM route
    WHERE neighbor IS NOT NULL
    GROUP BY ALL
),
had AS (
    SELECT fabric, device, label AS vni, originator AS vtep, max(valid_to) AS ended
    FROM store.evpn_route_history
    WHERE route_type = 3 AND neighbor IS NOT NULL
    GROUP BY ALL
)
SELECT
    s.fabric,
    s.device,
    s.vni,
    o.vtep,
    o.owner,
    CASE
        WHEN h.vtep IS NULL THEN 'missing'
        WHEN h.invalid THEN 'invalid'
        WHEN h.next_hop <> h.vtep THEN 'next_hop_changed'
        WHEN h.route_targets IS NULL THEN 'no_targets'
        ELSE 'member'
    END AS state,
    coalesce(h.paths, 0)::UINTEGER AS paths,
    h.next_hop,
    h.route_targets,
    coalesce(h.since, e.ended) AS since,
    coalesce(ob.known, 'unknown') AS known,
    ob.last_seen AS as_of
FROM served AS s
INNER JOIN originated AS o ON o.fabric = s.fabric AND o.vni = s.vni
LEFT JOIN held AS h ON h.fabric = s.fabric AND h.device = s.device AND h.vni = s.vni AND h.vtep = o.vtep
LEFT JOIN had AS e ON e.fabric = s.fabric AND e.device = s.device AND e.vni = s.vni AND e.vtep = o.vtep
LEFT JOIN main.observer_current AS ob ON ob.fabric = s.fabric AND ob.device = s.device AND ob.family = 'routes'
WHERE NOT EXISTS (FROM own AS m WHERE m.fabric = s.fabric AND m.device = s.device AND m.vtep = o.vtep);
