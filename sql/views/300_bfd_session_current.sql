-- Grain: one row per bfd_session that exists; replaced as a whole.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bfd_session_current AS
SELECT
    c.fabric,
    c.device,
    c.interface,
    c.discriminator,
    c.session_state,
    c.local_address,
    c.peer,
    c.failure_transitions,
    c.last_failure,
    c.diagnostic,
    c.valid_from,
    c.seen_from,
    c.opened_offset,
    c.opened_index,
    c.family,
    coalesce(o.known, 'unknown') AS known,
    o.last_seen AS as_of
FROM store.bfd_session_current AS c
LEFT JOIN main.observer_current AS o
    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;
