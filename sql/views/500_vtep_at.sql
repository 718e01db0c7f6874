-- Grain: one row per vtep that existed at t, by the devices' clocks.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.vtep_at(t) AS TABLE
SELECT
    fabric,
    device,
    network_instance,
    peer,
    vni,
    peer_state,
    vni_state,
    vni_type,
    bridge_domain,
    mac_text(router_mac) AS router_mac,
    uptime,
    valid_from,
    valid_to,
    seen_from,
    seen_to,
    opened_offset,
    opened_index
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.vtep_history
    WHERE valid_from <= t::TIMESTAMPTZ AND valid_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT * EXCLUDE (family) FROM store.vtep_current
    WHERE valid_from <= t::TIMESTAMPTZ
);
