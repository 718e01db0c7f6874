-- Grain: one row per bfd_session that exists; replaced as a whole.
-- Read by: view bfd_session_current, restart.
CREATE TABLE store.bfd_session_current (
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
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
