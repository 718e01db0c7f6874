-- Grain: one row per vtep that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.vtep_current AS
SELECT
    c.fabric,
    c.device,
    c.network_instance,
    c.peer,
    c.vni,
    c.peer_state,
    c.vni_state,
    c.vni_type,
    c.bridge_domain,
    mac_text(router_mac) AS router_mac,
    c.uptime,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.vtep_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
