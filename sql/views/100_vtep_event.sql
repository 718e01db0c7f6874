-- Grain: one row per change of vtep; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.vtep_event AS
SELECT
    fabric,
    "offset",
    "index",
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
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.vtep_event;
