-- Grain: one row per ethernet_segment that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.ethernet_segment_current AS
SELECT
    c.fabric,
    c.device,
    c.name,
    c.esi,
    c.esi_type,
    c.redundancy_mode,
    c.interface,
    c.es_import,
    c.df_method,
    c.df_preference,
    c.df_revertive,
    c.df_wait_s,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.ethernet_segment_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
