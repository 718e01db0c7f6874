-- Grain: one row per closed interval of unchanged interface_address.
-- Read by: panels, forensic questions.
CREATE OR REPLACE VIEW main.interface_address_history AS
SELECT
    fabric,
    device,
    interface,
    subinterface,
    address,
    prefix_length,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index,
    closed_reason
FROM store.interface_address_history;
