-- Grain: one row per mac that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.mac_current AS
SELECT
    c.fabric,
    c.device,
    c.network_instance,
    mac_text(mac) AS mac,
    c.producer,
    c.vlan,
    c.vni,
    c.evi,
    c.mobility_seq,
    c.mobility_state,
    c.sticky,
    c.esi,
    c.next_hop,
    c.interface,
    c.entry_type,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.mac_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
