-- Grain: one row per change of lacp_member; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.lacp_member_event AS
SELECT
    fabric,
    "offset",
    "index",
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
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.lacp_member_event;
