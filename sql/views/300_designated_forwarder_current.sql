-- Grain: one row per designated_forwarder that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.designated_forwarder_current AS
SELECT
    c.fabric,
    c.device,
    c.name,
    c.network_instance,
    c.esi,
    c.vni,
    c.evi,
    c.vlan,
    c.local_is_df,
    c.df_address,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.designated_forwarder_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
