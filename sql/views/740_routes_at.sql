-- Grain: one row per route of a fabric at a time, by the devices' clocks, however many devices and paths held it.
-- holders: devices that held it; announcers: those whose own it was. Values are those of the best path, else of any.
-- coverage: how complete the routes' data was then, 0 to 1 (coverage_between).
-- Cost: as of evpn_route_at: all paths that existed then are read and grouped.
-- Read by: people, reports.
CREATE OR REPLACE MACRO main.routes_at(t) AS TABLE
SELECT
    r.*,
    c.coverage
FROM (
    SELECT
        fabric,
        route_type,
        rd,
        eth_tag,
        mac,
        ip,
        ip_len,
        originator,
        route_esi,
        count(DISTINCT device) AS holders,
        string_agg(DISTINCT device, ', ' ORDER BY device) FILTER (neighbor IS NULL) AS announcers,
        coalesce(min(next_hop) FILTER (best), min(next_hop)) AS next_hop,
        coalesce(min(label) FILTER (best), min(label)) AS label,
        coalesce(min(esi) FILTER (best), min(esi)) AS esi,
        coalesce(max(mobility_seq) FILTER (best), max(mobility_seq)) AS mobility_seq,
        coalesce(min(route_targets) FILTER (best), min(route_targets)) AS route_targets
    FROM main.evpn_route_at(t)
    WHERE source_rd IS NULL
    GROUP BY ALL
) AS r
LEFT JOIN main.coverage(t, t) AS c ON c.fabric = r.fabric AND c.family = 'routes';
