-- Grain: one row per closed interval of unchanged vtep.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.vtep_history AS
SELECT
    fabric,
    device,
    network_instance,
    peer,
    vni,
    peer_state,
    vni_state,
    vni_type,
    bridge_domain,
    mac_text(router_mac) AS router_mac,
    uptime,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.vtep_history;
