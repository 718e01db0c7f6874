-- Grain: one row per closed interval of unchanged host_binding.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.host_binding_history AS
SELECT
    fabric,
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
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.host_binding_history;
