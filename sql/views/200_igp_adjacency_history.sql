-- Grain: one row per closed interval of unchanged igp_adjacency.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.igp_adjacency_history AS
SELECT
    fabric,
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
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.igp_adjacency_history;
