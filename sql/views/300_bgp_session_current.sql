-- Grain: one row per bgp_session that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bgp_session_current AS
SELECT
    c.fabric,
    c.device,
    c.network_instance,
    c.neighbor,
    c.afi_safi,
    c.session_state,
    c.peer_as,
    c.local_as,
    c.peer_type,
    c.established_transitions,
    c.last_established,
    c.active,
    c.prefixes_received,
    c.prefixes_sent,
    c.prefixes_installed,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.bgp_session_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
