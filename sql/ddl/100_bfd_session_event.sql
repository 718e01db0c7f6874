-- Grain: one row per change of bfd_session; identity (fabric, offset, index).
-- Read by: view bfd_session_event, restart.
CREATE TABLE store.bfd_session_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    interface VARCHAR,
    discriminator VARCHAR,
    session_state VARCHAR,
    local_address VARCHAR,
    peer VARCHAR,
    failure_transitions UBIGINT,
    last_failure TIMESTAMPTZ,
    diagnostic VARCHAR,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
