-- Grain: one row per change of mac; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.mac_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    network_instance,
    mac_text(mac) AS mac,
    producer,
    vlan,
    vni,
    evi,
    mobility_seq,
    mobility_state,
    sticky,
    esi,
    next_hop,
    interface,
    entry_type,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.mac_event;
