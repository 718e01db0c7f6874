-- Grain: one row per interval in which a device held a type-2 route, for what it is about: kind mac, and kind ip where
-- it has an address. path: the neighbour it came from; '' for a device's own. valid_to: infinity while it lasts.
-- Cost: what the caller's WHERE leaves of the type-2 routes.
-- Read by: who_was_hit.
CREATE OR REPLACE MACRO store.held_hosts() AS TABLE
SELECT
    fabric,
    device,
    k.kind,
    label AS vni,
    CASE WHEN k.kind = 'mac' THEN mac END AS mac,
    CASE WHEN k.kind = 'ip' THEN ip_hi END AS ip_hi,
    CASE WHEN k.kind = 'ip' THEN ip_lo END AS ip_lo,
    coalesce(neighbor, '') AS path,
    next_hop,
    valid_from,
    coalesce(valid_to, 'infinity') AS valid_to
FROM store.evpn_route_intervals(), (VALUES ('mac'), ('ip')) AS k(kind)
WHERE route_type = 2 AND source_rd IS NULL AND vantage = 'loc_rib' AND valid IS DISTINCT FROM false
    AND (k.kind = 'mac' OR ip_lo IS NOT NULL);
