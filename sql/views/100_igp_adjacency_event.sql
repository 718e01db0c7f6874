-- Grain: one row per change of igp_adjacency; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.igp_adjacency_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    network_instance,
    protocol,
    instance,
    area,
    interface,
    neighbor,
    adjacency_state,
    address,
    address_v6,
    established,
    state_changes,
    designated_router,
    backup_designated_router,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.igp_adjacency_event;
