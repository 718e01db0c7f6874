-- Grain: one row per closed interval of unchanged lldp_neighbor.
-- Read by: view lldp_neighbor_history, lldp_neighbor_at, _known_at.
CREATE TABLE store.lldp_neighbor_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
