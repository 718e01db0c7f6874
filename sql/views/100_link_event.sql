-- Grain: one row per change of link; identity (fabric, offset, index).
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.link_event AS
SELECT
    fabric,
    "offset",
    "index",
    device,
    interface,
    admin_status,
    oper_status,
    type,
    ifindex,
    last_change,
    carrier_transitions,
    aggregate,
    min_links,
    reason,
    dump,
    late,
    event_time,
    recv_time,
    record_time
FROM store.link_event;
