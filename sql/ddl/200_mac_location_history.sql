-- Grain: one row per closed interval of unchanged mac_location.
-- Read by: view mac_location_history, mac_location_at, _known_at.
CREATE TABLE store.mac_location_history (
    fabric VARCHAR,
    vni UINTEGER,
    evi UINTEGER,
    mac UBIGINT,
    location VARCHAR,
    esi VARCHAR,
    vtep VARCHAR,
    mobility_seq UINTEGER,
    sticky BOOLEAN,
    valid_from TIMESTAMPTZ,
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
