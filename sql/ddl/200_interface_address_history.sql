-- Grain: one row per closed interval of unchanged interface_address.
-- Read by: view interface_address_history, interface_address_at, _known_at.
CREATE TABLE store.interface_address_history (
    fabric VARCHAR,
    device VARCHAR,
    interface VARCHAR,
    subinterface UINTEGER,
    address VARCHAR,
    prefix_length UTINYINT,
    valid_from TIMESTAMPTZ,
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
