-- Grain: one row per link that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.link_current AS
SELECT
    c.fabric,
    c.device,
    c.interface,
    c.admin_status,
    c.oper_status,
    c.type,
    c.ifindex,
    c.last_change,
    c.carrier_transitions,
    c.aggregate,
    c.min_links,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.link_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
