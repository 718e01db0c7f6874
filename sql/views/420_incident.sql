-- Grain: one row per incident, its latest revision.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.incident AS
SELECT
    incident_id,
    rule,
    name,
    severity,
    state,
    opened_at,
    detected_at,
    resolved_at,
    fabric,
    device,
    vni,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    esi,
    vtep,
    interface,
    summary,
    evidence,
    coverage,
    acknowledged_by,
    in_maintenance,
    root_incident_id,
    evi,
    peer,
    tenant
FROM store.incident;
