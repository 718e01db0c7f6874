-- Grain: one row per change of designated_forwarder; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.designated_forwarder_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    name,
    network_instance,
    esi,
    vni,
    evi,
    vlan,
    local_is_df,
    df_address,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.designated_forwarder_event;
