-- Grain: one row per finding of a rule about a subject.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.finding AS
SELECT
    fabric,
    "offset",
    "index",
    rule,
    family,
    severity,
    active,
    device,
    vni,
    evi,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    esi,
    vtep,
    interface,
    peer,
    tenant,
    event_time,
    detected_at,
    summary,
    evidence
FROM store.finding;
