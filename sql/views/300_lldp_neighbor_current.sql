-- Grain: one row per lldp_neighbor that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lldp_neighbor_current AS
SELECT
    c.fabric,
    c.device,
    c.interface,
    c.neighbor,
    c.chassis_id,
    c.chassis_id_type,
    c.port_id,
    c.port_id_type,
    c.system_name,
    c.port_description,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.lldp_neighbor_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
