-- Grain: one row per (effect, kind, subject, device that could not reach it): who was hit while an incident was open.
-- of_incident: its whole id. kind: mac, ip (in a VNI), vni, tenant. effect:
--   unreachable: the device lost its last route to what another device went on announcing itself. seconds: how long it
--     had none (blackhole seconds), the time of several gaps together; null: nobody can tell, for the device was blind
--     then, or who announced it is not watched.
--   one path: at risk: it had one path left of several, for so many seconds.
-- hosts: MACs behind it that were hit; located: where they were. hit_from, hit_to: the first and the last of it, also of
-- a gap that had begun before the incident opened, or outlasted it; null: it still is. Devices are those that announce routes in the VNI themselves: no spines, no monitors.
-- An incident of a MAC, IP, VNI or VTEP tells of these only, that of a leaf of what is behind it and of what it could
-- not reach; that of any other device of all there was in its time.
-- coverage: how complete the routes' data was meanwhile, 0 to 1 (coverage_between).
-- Cost: as of host_spans, and blind intervals.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.who_was_hit(of_incident) AS TABLE
WITH incident AS (
    SELECT i.*, p.now, coalesce(i.resolved_at, p.now) AS until
    FROM store.incident AS i
    INNER JOIN (SELECT fabric, max(record_time) AS now FROM store.stream_position GROUP BY fabric) AS p
        ON p.fabric = i.fabric
    WHERE i.incident_id = of_incident
),

leaf AS (
    SELECT DISTINCT r.fabric, r.device, r.label AS vni
    FROM store.evpn_route_intervals() AS r
    WHERE r.route_type IN (2, 3) AND r.neighbor IS NULL AND r.source_rd IS NULL
        AND r.fabric = (SELECT fabric FROM incident)
),

owner AS (
    SELECT DISTINCT o.vtep, o.device
    FROM main.vtep_owner AS o
    WHERE o.fabric = (SELECT fabric FROM incident)
),

focus AS (
    SELECT device FROM incident WHERE device IN (SELECT device FROM leaf)
    UNION
    SELECT o.device FROM incident AS i INNER JOIN owner AS o ON o.vtep = i.vtep
),

span AS MATERIALIZED (FROM store.host_spans(of_incident)),

lost AS (
    SELECT s.*, CASE WHEN s.paths = 0 THEN 'unreachable' ELSE 'one path' END AS effect
    FROM span AS s
    INNER JOIN incident AS i
        ON s.span_from <= i.until AND s.span_to > i.opened_at
            AND (i.mac IS NULL OR s.kind = 'ip' OR s.mac = i.mac)
            AND (i.ip_lo IS NULL OR s.kind = 'mac' OR (s.ip_hi = i.ip_hi AND s.ip_lo = i.ip_lo))
            AND (i.mac IS NULL OR i.ip_lo IS NOT NULL OR s.kind = 'mac')
            AND (i.vni IS NULL OR s.vni = i.vni)
    SEMI JOIN leaf AS l ON l.device = s.device AND l.vni IS NOT DISTINCT FROM s.vni
    WHERE s.next_hop IS NOT NULL AND (s.paths = 0 OR (s.paths = 1 AND s.most > 1 AND NOT s.own))
),

-- while another device announces it itself
there AS (
    SELECT
        l.effect, l.kind, l.vni, l.mac, l.ip_hi, l.ip_lo, l.device, t.device AS located, true AS known,
        greatest(l.span_from, t.span_from) AS hit_from, least(l.span_to, t.span_to) AS hit_to
    FROM lost AS l
    INNER JOIN span AS t
        ON t.own AND t.device <> l.device AND t.kind = l.kind AND t.vni IS NOT DISTINCT FROM l.vni
            AND t.mac IS NOT DISTINCT FROM l.mac AND t.ip_hi IS NOT DISTINCT FROM l.ip_hi
            AND t.ip_lo IS NOT DISTINCT FROM l.ip_lo AND t.span_from < l.span_to AND t.span_to > l.span_from
),

hit AS (
    FROM there
    UNION ALL
    -- who announced it is not watched: whether it was still there is unknown
    SELECT
        l.effect, l.kind, l.vni, l.mac, l.ip_hi, l.ip_lo, l.device, coalesce(o.device, l.next_hop) AS located,
        false AS known, l.span_from AS hit_from, l.span_to AS hit_to
    FROM lost AS l
    LEFT JOIN owner AS o ON o.vtep = l.next_hop
    WHERE l.effect = 'unreachable' AND (o.device IS NULL OR o.device NOT IN (SELECT device FROM leaf))
),

focused AS (
    SELECT h.* REPLACE (
        h.known AND NOT EXISTS (
            FROM store.observer_spans() AS b
            WHERE b.fabric = (SELECT fabric FROM incident) AND b.device = h.device AND b.family = 'routes'
                AND b.state = 'blind' AND b.span_from < h.hit_to AND coalesce(b.span_to, 'infinity') > h.hit_from
        ) AS known
    )
    FROM hit AS h
    WHERE NOT EXISTS (FROM focus) OR h.device IN (FROM focus) OR h.located IN (FROM focus)
),

named AS (
    SELECT
        f.effect, k.kind, f.vni, n.tenant, f.device, f.located, f.known, f.hit_from, f.hit_to,
        CASE k.kind
            WHEN 'mac' THEN mac_text(f.mac) WHEN 'ip' THEN ip_text(f.ip_hi, f.ip_lo)
            WHEN 'vni' THEN f.vni::VARCHAR ELSE n.tenant
        END AS subject,
        CASE WHEN f.kind = 'mac' THEN f.mac END AS mac
    FROM focused AS f
    LEFT JOIN main.vni_tenant AS n ON n.fabric = (SELECT fabric FROM incident) AND n.vni = f.vni
    INNER JOIN (VALUES ('mac', 'mac'), ('ip', 'ip'), ('mac', 'vni'), ('mac', 'tenant')) AS k(of_kind, kind)
        ON k.of_kind = f.kind
),

-- gaps that overlap count once
marked AS (
    SELECT *, coalesce(max(hit_to) OVER (
        PARTITION BY effect, kind, subject, vni, device ORDER BY hit_from, hit_to
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), '-infinity') AS reached
    FROM (SELECT * REPLACE (CASE WHEN kind <> 'tenant' THEN vni END AS vni) FROM named)
    WHERE subject IS NOT NULL
)

SELECT
    (SELECT fabric FROM incident) AS fabric,
    effect,
    kind,
    subject,
    vni,
    max(tenant) AS tenant,
    device,
    string_agg(DISTINCT located, ', ' ORDER BY located) AS located,
    nullif(count(DISTINCT mac), 0) AS hosts,
    CASE WHEN bool_and(known) THEN
        round(sum(greatest(epoch(least(hit_to, (SELECT now FROM incident)) - greatest(hit_from, reached)), 0)), 6)
    END AS seconds,
    min(hit_from) AS hit_from,
    nullif(max(hit_to), 'infinity') AS hit_to,
    (SELECT coverage_between(i.fabric, 'routes', i.opened_at, i.until) FROM incident AS i) AS coverage
FROM marked
GROUP BY effect, kind, subject, vni, device;
