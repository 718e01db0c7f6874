-- Grain: one row per lacp_member that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lacp_member_current AS
SELECT
    c.fabric,
    c.device,
    c.interface,
    c.member,
    c.synchronization,
    c.collecting,
    c.distributing,
    mac_text(system_id) AS system_id,
    c.oper_key,
    mac_text(partner_id) AS partner_id,
    c.partner_key,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.lacp_member_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
