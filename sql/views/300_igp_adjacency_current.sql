-- Grain: one row per igp_adjacency that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.igp_adjacency_current AS
SELECT
    c.fabric,
    c.device,
    c.network_instance,
    c.protocol,
    c.instance,
    c.area,
    c.interface,
    c.neighbor,
    c.adjacency_state,
    c.address,
    c.address_v6,
    c.established,
    c.state_changes,
    c.designated_router,
    c.backup_designated_router,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.igp_adjacency_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
