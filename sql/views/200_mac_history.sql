-- Grain: one row per closed interval of unchanged mac.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.mac_history AS
SELECT
    fabric,
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
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.mac_history;
