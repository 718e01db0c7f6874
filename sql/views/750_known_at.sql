-- Grain: one row per thing that the stream had told of by t: the fabric as one had to take it to be then. t: a time.
-- Where fabric_at(t) knows of a change that was told late, this doesn't; kind, columns and value: as there.
-- seen_from, seen_to: from when to when it was taken to be so, by record time; null: it still is.
-- valid_from: since when it was so, by the devices' clocks. coverage(t, t) says how complete the data is.
-- Cost: as of fabric_at: all that was known then is read; WHERE on kind and device goes down to the tables.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.known_at(t) AS TABLE
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
    seen_from,
    seen_to
FROM store.fabric_intervals()
WHERE seen_from <= t::TIMESTAMPTZ AND (seen_to IS NULL OR seen_to > t::TIMESTAMPTZ);
