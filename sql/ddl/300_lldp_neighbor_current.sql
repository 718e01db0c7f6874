-- Grain: one row per lldp_neighbor that exists; replaced as a whole.
-- Read by: view lldp_neighbor_current, restart.
CREATE TABLE store.lldp_neighbor_current (
    fabric VARCHAR,
    device VARCHAR,
    interface VARCHAR,
    neighbor VARCHAR,
    chassis_id VARCHAR,
    chassis_id_type VARCHAR,
    port_id VARCHAR,
    port_id_type VARCHAR,
    system_name VARCHAR,
    port_description VARCHAR,
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
