-- Grain: one row per closed interval of unchanged link.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.link_history AS
SELECT
    fabric,
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
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.link_history;
