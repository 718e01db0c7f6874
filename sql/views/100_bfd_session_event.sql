-- Grain: one row per change of bfd_session; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.bfd_session_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    interface,
    discriminator,
    session_state,
    local_address,
    peer,
    failure_transitions,
    last_failure,
    diagnostic,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.bfd_session_event;
