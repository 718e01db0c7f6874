-- Grain: one row per (fabric, device, what it tells by, VNI or network instance) and interval in which a device knew a
-- VTEP. subject: its address. source: tunnel (the device's table of VTEPs), route (one path of a type-3 route it holds
-- for the VNI; neighbor null: its own). owner: whose VTEP it is. valid_to is null while it lasts.
-- coverage: how complete that device's data was meanwhile is in blind_intervals; of all routes, in column coverage.
-- Cost: vtep_history is short; one pass over the originators of evpn_route_history.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.vtep_history(subject) AS TABLE
SELECT
    k.fabric,
    k.device,
    k.source,
    k.vni,
    k.network_instance,
    k.neighbor,
    k.state,
    (SELECT string_agg(o.device, ', ' ORDER BY o.device) FROM main.vtep_owner AS o
        WHERE o.fabric = k.fabric AND o.vtep = subject) AS owner,
    k.valid_from,
    k.valid_to,
    k.closed_reason,
    coverage_between(k.fabric, k.family, k.valid_from, k.valid_to) AS coverage
FROM (
    SELECT
        fabric, device, 'tunnel' AS source, vni, network_instance, NULL::VARCHAR AS neighbor, peer_state AS state,
        valid_from, valid_to, closed_reason, 'vtep' AS family
    FROM store.vtep_intervals()
    WHERE peer = subject
    UNION ALL
    SELECT
        fabric, device, 'route' AS source, label AS vni, network_instance, neighbor,
        CASE WHEN valid IS NOT DISTINCT FROM false THEN 'INVALID' WHEN best THEN 'BEST' END AS state,
        valid_from, valid_to, closed_reason, 'routes' AS family
    FROM store.evpn_route_intervals()
    WHERE route_type = 3 AND originator = subject AND source_rd IS NULL
) AS k;
