-- Grain: one row per change of lldp_neighbor; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lldp_neighbor_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    interface,
    neighbor,
    chassis_id,
    chassis_id_type,
    port_id,
    port_id_type,
    system_name,
    port_description,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.lldp_neighbor_event;
