-- Grain: one row per mac_location that exists; replaced as a whole.
-- Read by: view mac_location_current, restart.
CREATE TABLE store.mac_location_current (
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
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
