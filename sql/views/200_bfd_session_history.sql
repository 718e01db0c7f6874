-- Grain: one row per closed interval of unchanged bfd_session.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bfd_session_history AS
SELECT
    fabric,
    device,
    interface,
    discriminator,
    session_state,
    local_address,
    peer,
    failure_transitions,
    last_failure,
    diagnostic,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.bfd_session_history;
