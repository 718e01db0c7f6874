-- Grain: one row per thing that existed at t, by the devices' clocks. t: a time.
-- kind and the columns that identify: as in store.fabric_intervals; mac is text. value: JSON.
-- valid_from, valid_to: how long it was so; null: it still is. coverage(t, t) says how complete the data is.
-- Cost: all that existed then is read; WHERE on kind and device goes down to the tables.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.fabric_at(t) AS TABLE
SELECT
    fabric,
    kind,
    device,
    name,
    vni,
    mac_text(mac) AS mac,
    ip,
    esi,
    interface,
    peer,
    value,
    valid_from,
    valid_to
FROM store.fabric_intervals()
WHERE valid_from <= t::TIMESTAMPTZ AND (valid_to IS NULL OR valid_to > t::TIMESTAMPTZ);
