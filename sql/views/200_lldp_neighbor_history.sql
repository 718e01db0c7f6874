-- Grain: one row per closed interval of unchanged lldp_neighbor.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lldp_neighbor_history AS
SELECT
    fabric,
    device,
    interface,
    neighbor,
    chassis_id,
    chassis_id_type,
    port_id,
    port_id_type,
    system_name,
    port_description,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.lldp_neighbor_history;
