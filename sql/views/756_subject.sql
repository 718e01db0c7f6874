-- Grain: one row per (fabric, kind, name) of what questions can be about: whatever this store has ever heard of.
-- kind: mac, ip, vtep, es, device, vni, interface (device:interface), incident. name: as questions take it.
-- Cost: WHERE kind = ... reads the intervals of that kind, or the sessions, and no others.
-- Read by: forensics, for names that aren't known and those that are in several fabrics.
CREATE OR REPLACE VIEW main.subject AS
SELECT fabric, 'mac' AS kind, mac_text(mac) AS name
FROM (SELECT DISTINCT fabric, mac FROM store.mac_location_intervals())
UNION ALL
SELECT fabric, 'ip' AS kind, ip_text(ip_hi, ip_lo) AS name
FROM (
    SELECT DISTINCT fabric, ip_hi, ip_lo FROM store.evpn_route_intervals() WHERE route_type = 2 AND ip_lo IS NOT NULL
)
UNION ALL
SELECT DISTINCT fabric, 'vtep' AS kind, name
FROM (
    SELECT fabric, peer AS name FROM store.vtep_intervals()
    UNION ALL
    SELECT fabric, originator AS name FROM store.evpn_route_intervals() WHERE route_type = 3
)
WHERE name IS NOT NULL
UNION ALL
SELECT DISTINCT fabric, 'es' AS kind, name
FROM (
    SELECT fabric, lower(esi) AS name FROM store.ethernet_segment_intervals()
    UNION ALL
    SELECT fabric, route_esi AS name FROM store.evpn_route_intervals() WHERE route_type IN (1, 4)
)
WHERE name IS NOT NULL
UNION ALL
SELECT DISTINCT fabric, 'device' AS kind, device AS name
FROM store.collector_event
WHERE device IS NOT NULL
UNION ALL
SELECT DISTINCT fabric, 'vni' AS kind, vni::VARCHAR AS name
FROM (
    SELECT fabric, vni FROM store.mac_location_intervals()
    UNION ALL
    SELECT fabric, vni FROM store.vtep_intervals()
    UNION ALL
    SELECT fabric, label AS vni FROM store.evpn_route_intervals() WHERE route_type = 3
)
WHERE vni IS NOT NULL
UNION ALL
SELECT DISTINCT fabric, 'interface' AS kind, device || ':' || interface AS name
FROM store.link_intervals()
UNION ALL
SELECT fabric, 'incident' AS kind, incident_id AS name
FROM store.incident;
