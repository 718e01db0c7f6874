-- Grain: one row per closed interval of unchanged mac_location.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.mac_location_history AS
SELECT
    fabric,
    vni,
    evi,
    mac_text(mac) AS mac,
    location,
    esi,
    vtep,
    mobility_seq,
    sticky,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.mac_location_history;
