-- Grain: one row per thing that falls to one path or to none if something had failed at t, as the fabric was then.
-- subject: a device (leaf-3), a port or LAG of one (leaf-3:ethernet-1/7), or an Ethernet segment (its ESI). t: a time.
-- effect: none, one path. paths_before, paths_after: how many ways it had, and would have left. kind:
--   device: a leaf; its ways are its BGP sessions, or its IGP adjacencies where these are fewer.
--   vni: a VNI at a leaf (device), by the leaf's ways. tenant: its worst VNI at that leaf.
--   mac: behind a leaf (device) by the leaf's ways, or on a segment by how many leaves carry that. segment: by leaves.
--   lag: by its members that are up.
-- What hangs on a session between loopbacks falls with devices, not with ports: which port carries it isn't told.
-- coverage: how complete the routes' data was then, 0 to 1 (coverage_between).
-- Cost: all locations of MACs at t, as of mac_location_at; the rest is short.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.blast_radius(subject, t) AS TABLE
WITH failed AS (
    SELECT
        CASE WHEN regexp_full_match(lower(subject), '[0-9a-f]{2}(:[0-9a-f]{2}){9}') THEN lower(subject) END AS esi,
        CASE WHEN esi IS NULL THEN split_part(subject, ':', 1) END AS device,
        CASE WHEN esi IS NULL AND contains(subject, ':') THEN substr(subject, strpos(subject, ':') + 1) END AS interface
),

lag_member AS (
    SELECT fabric, device, interface AS lag, member, distributing IS DISTINCT FROM false AS up
    FROM main.lacp_member_at(t)
    UNION
    SELECT fabric, device, aggregate, interface, oper_status IS NOT DISTINCT FROM 'UP' AS up
    FROM main.link_at(t)
    WHERE aggregate IS NOT NULL
),

lag AS (
    SELECT
        m.fabric, m.device, m.lag,
        count(*) FILTER (m.up) AS paths_before,
        count(*) FILTER (m.up AND NOT coalesce(
            m.device = f.device AND (f.interface IS NULL OR f.interface IN (m.lag, m.member)), false
        )) AS paths_after
    FROM (
        SELECT fabric, device, lag, member, bool_and(up) AS up FROM lag_member GROUP BY fabric, device, lag, member
    ) AS m
    CROSS JOIN failed AS f
    GROUP BY m.fabric, m.device, m.lag
),

-- ports that are down with it; without a name: all of the device
port AS (
    SELECT device, interface FROM failed WHERE device IS NOT NULL
    UNION
    SELECT l.device, l.lag FROM lag AS l INNER JOIN failed AS f ON f.device = l.device
    WHERE f.interface IS NOT NULL AND l.paths_before > 0 AND l.paths_after = 0
),

segment_member AS (
    SELECT s.fabric, s.esi, s.device, bool_or(s.down) AS down
    FROM (
        SELECT
            e.fabric, lower(e.esi) AS esi, e.device,
            EXISTS (FROM port AS p WHERE p.device = e.device AND (p.interface IS NULL OR p.interface = e.interface)) AS down
        FROM main.ethernet_segment_at(t) AS e
        WHERE e.esi IS NOT NULL
        UNION ALL
        SELECT
            r.fabric, r.route_esi, r.device,
            EXISTS (FROM port AS p WHERE p.device = r.device AND p.interface IS NULL) AS down
        FROM main.evpn_route_at(t) AS r
        WHERE r.route_type = 4 AND r.neighbor IS NULL AND r.source_rd IS NULL
    ) AS s
    GROUP BY s.fabric, s.esi, s.device
),

segment AS (
    SELECT
        m.fabric, m.esi, string_agg(m.device, ', ' ORDER BY m.device) AS device, count(*) AS paths_before,
        count(*) FILTER (NOT m.down AND m.esi IS DISTINCT FROM (SELECT esi FROM failed)) AS paths_after
    FROM segment_member AS m
    GROUP BY m.fabric, m.esi
),

ways AS (
    SELECT
        w.fabric, w.device, w.source, count(DISTINCT w.way) AS paths_before,
        count(DISTINCT w.way) FILTER (NOT EXISTS (
            FROM port AS p
            WHERE (p.device = w.device AND (p.interface IS NULL OR p.interface = w.interface))
                OR (p.device = w.peer AND (p.interface IS NULL OR p.interface = w.peer_interface))
        )) AS paths_after
    FROM store.ways(t) AS w
    GROUP BY w.fabric, w.device, w.source
),

member AS (
    SELECT DISTINCT fabric, device, label AS vni
    FROM main.evpn_route_at(t)
    WHERE route_type = 3 AND neighbor IS NULL AND source_rd IS NULL
),

leaf AS (
    SELECT
        m.fabric, m.device, min(w.paths_before) AS paths_before,
        -- who is gone has no way left, whatever is known of those it had
        CASE WHEN bool_or(m.device = f.device AND f.interface IS NULL) THEN 0 ELSE min(w.paths_after) END AS paths_after
    FROM (SELECT DISTINCT fabric, device FROM member) AS m
    CROSS JOIN failed AS f
    LEFT JOIN ways AS w ON w.fabric = m.fabric AND w.device = m.device
    GROUP BY m.fabric, m.device
),

host AS (
    SELECT
        l.fabric, l.vni, mac_text(l.mac) AS mac, coalesce(s.device, o.device) AS device,
        CASE WHEN l.esi IS NULL THEN o.paths_before ELSE s.paths_before END AS paths_before,
        CASE
            WHEN l.esi IS NOT NULL THEN s.paths_after
            WHEN e.mac IS NOT NULL THEN 0
            ELSE o.paths_after
        END AS paths_after
    FROM (
        SELECT fabric, vni, mac, vtep, lower(esi) AS esi FROM store.mac_location_intervals()
        WHERE valid_from <= t::TIMESTAMPTZ AND (valid_to IS NULL OR valid_to > t::TIMESTAMPTZ)
    ) AS l
    LEFT JOIN segment AS s ON s.fabric = l.fabric AND s.esi = l.esi
    LEFT JOIN (
        SELECT v.fabric, v.vtep, f.device, f.paths_before, f.paths_after
        FROM main.vtep_owner AS v
        INNER JOIN leaf AS f ON f.fabric = v.fabric AND f.device = v.device
    ) AS o ON o.fabric = l.fabric AND o.vtep = l.vtep
    LEFT JOIN (
        SELECT DISTINCT i.fabric, i.device, i.mac
        FROM store.mac_intervals() AS i
        INNER JOIN port AS p ON p.device = i.device AND p.interface = i.interface
        WHERE i.next_hop IS NULL AND i.valid_from <= t::TIMESTAMPTZ
            AND (i.valid_to IS NULL OR i.valid_to > t::TIMESTAMPTZ)
    ) AS e ON e.fabric = l.fabric AND e.device = o.device AND e.mac = l.mac
),

all_of_it AS (
    SELECT fabric, 'lag' AS kind, lag AS name, device, NULL::UINTEGER AS vni, paths_before, paths_after FROM lag
    UNION ALL
    SELECT fabric, 'segment' AS kind, esi, device, NULL, paths_before, paths_after FROM segment
    UNION ALL
    SELECT fabric, 'device' AS kind, device, device, NULL, paths_before, paths_after FROM leaf
    UNION ALL
    SELECT m.fabric, 'vni' AS kind, m.vni::VARCHAR, m.device, m.vni, l.paths_before, l.paths_after
    FROM member AS m INNER JOIN leaf AS l ON l.fabric = m.fabric AND l.device = m.device
    UNION ALL
    SELECT DISTINCT m.fabric, 'tenant' AS kind, n.tenant, m.device, NULL, l.paths_before, l.paths_after
    FROM member AS m
    INNER JOIN leaf AS l ON l.fabric = m.fabric AND l.device = m.device
    INNER JOIN main.vni_tenant AS n ON n.fabric = m.fabric AND n.vni = m.vni
    UNION ALL
    SELECT DISTINCT fabric, 'mac' AS kind, mac, device, vni, paths_before, paths_after FROM host
)

SELECT
    fabric,
    CASE WHEN paths_after = 0 THEN 'none' ELSE 'one path' END AS effect,
    kind,
    name,
    device,
    vni,
    paths_before,
    paths_after,
    coverage_between(fabric, 'routes', t::TIMESTAMPTZ, t::TIMESTAMPTZ) AS coverage
FROM all_of_it
WHERE paths_after <= 1 AND (paths_before IS NULL OR paths_after < paths_before);
