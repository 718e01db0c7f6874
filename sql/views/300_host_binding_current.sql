-- Grain: one row per host_binding that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.host_binding_current AS
SELECT
    c.fabric,
    c.device,
    c.network_instance,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    c.producer,
    c.vni,
    c.l3_vni,
    c.mobility_seq,
    c.mobility_state,
    c.sticky,
    c.esi,
    c.next_hop,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.host_binding_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
