-- Grain: one row per change of lldp_neighbor; identity (fabric, offset, index).
-- Read by: view lldp_neighbor_event, restart.
CREATE TABLE store.lldp_neighbor_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    interface VARCHAR,
    neighbor VARCHAR,
    chassis_id VARCHAR,
    chassis_id_type VARCHAR,
    port_id VARCHAR,
    port_id_type VARCHAR,
    system_name VARCHAR,
    port_description VARCHAR,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
