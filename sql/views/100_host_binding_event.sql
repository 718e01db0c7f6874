-- Grain: one row per change of host_binding; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.host_binding_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    network_instance,
    mac_text(mac) AS mac,
    ip_text(ip_hi, ip_lo) AS ip,
    producer,
    vni,
    l3_vni,
    mobility_seq,
    mobility_state,
    sticky,
    esi,
    next_hop,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.host_binding_event;
