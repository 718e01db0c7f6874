-- Grain: one row per closed interval of unchanged lacp_member.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lacp_member_history AS
SELECT
    fabric,
    device,
    interface,
    member,
    synchronization,
    collecting,
    distributing,
    mac_text(system_id) AS system_id,
    oper_key,
    mac_text(partner_id) AS partner_id,
    partner_key,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.lacp_member_history;
