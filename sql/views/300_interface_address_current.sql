-- Grain: one row per interface_address that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.interface_address_current AS
SELECT
    c.fabric,
    c.device,
    c.interface,
    c.subinterface,
    c.address,
    c.prefix_length,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.interface_address_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
