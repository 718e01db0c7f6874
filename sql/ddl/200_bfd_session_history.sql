-- Grain: one row per closed interval of unchanged bfd_session.
-- Read by: view bfd_session_history, bfd_session_at, _known_at.
CREATE TABLE store.bfd_session_history (
    fabric VARCHAR,
    device VARCHAR,
    interface VARCHAR,
    discriminator VARCHAR,
    session_state VARCHAR,
    local_address VARCHAR,
    peer VARCHAR,
    failure_transitions UBIGINT,
    last_failure TIMESTAMPTZ,
    diagnostic VARCHAR,
    valid_from TIMESTAMPTZ,
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
