-- Grain: one row per interface_address that exists; replaced as a whole.
-- Read by: view interface_address_current, restart.
CREATE TABLE store.interface_address_current (
    fabric VARCHAR,
    device VARCHAR,
    interface VARCHAR,
    subinterface UINTEGER,
    address VARCHAR,
    prefix_length UTINYINT,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
