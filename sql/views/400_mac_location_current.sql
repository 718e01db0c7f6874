-- Grain: one row per (fabric, VNI or EVI, MAC): where it is now.
-- observers: devices that hold a type-2 route for it there, known: fresh if one of them is fresh; as_of: the last sign
-- of life of a fresh one, else of any. Where only the EVI is known, routes for the MAC in any bridge domain count.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.mac_location_current AS
WITH holder AS (
    SELECT
        r.fabric,
        r.mac,
        r.label AS vni,
        coalesce(r.esi, r.next_hop) AS location,
        count(DISTINCT r.device)::UINTEGER AS observers,
        max(o.last_seen) AS last_seen,
        max(o.last_seen) FILTER (o.known = 'fresh') AS fresh_seen,
        bool_or(o.known = 'fresh') AS fresh,
        bool_or(o.known = 'stale') AS stale
    FROM store.evpn_route_current AS r
    LEFT JOIN main.observer_current AS o ON o.fabric = r.fabric AND o.device = r.device AND o.family = r.family
    WHERE r.route_type = 2 AND r.valid IS DISTINCT FROM false
    GROUP BY GROUPING SETS (
        (r.fabric, r.mac, r.label, coalesce(r.esi, r.next_hop)),
        (r.fabric, r.mac, coalesce(r.esi, r.next_hop))
    )
    HAVING grouping(r.label) = 1 OR r.label IS NOT NULL
)
SELECT
    l.fabric,
    l.vni,
    l.evi,
    mac_text(l.mac) AS mac,
    l.location,
    l.esi,
    l.vtep,
    l.mobility_seq,
    l.sticky,
    h.observers,
    l.valid_from,
    l.seen_from,
    l.opened_offset,
    l.opened_index,
    l.family,
    CASE WHEN h.fresh THEN 'fresh' WHEN h.stale THEN 'stale' ELSE 'unknown' END AS known,
    coalesce(h.fresh_seen, h.last_seen) AS as_of
FROM store.mac_location_current AS l
LEFT JOIN holder AS h
    ON h.fabric = l.fabric AND h.mac = l.mac AND h.vni IS NOT DISTINCT FROM l.vni AND h.location = l.location;
