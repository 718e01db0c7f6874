-- Grain: one row per closed interval of unchanged designated_forwarder.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.designated_forwarder_history AS
SELECT
    fabric,
    device,
    name,
    network_instance,
    esi,
    vni,
    evi,
    vlan,
    local_is_df,
    df_address,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.designated_forwarder_history;
