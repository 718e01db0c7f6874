-- Grain: one row per (fabric, VNI or EVI) and interval in which a MAC was in one place, at some time between since and
-- until. subject: the MAC as text, in any of the usual ways. since, until: times; the same twice asks about a moment.
-- device: whose VTEP it is; of a segment: who announces it. Intervals are whole, not cut to the range; valid_to is null
-- while it lasts. What was before, at which port and how complete that is, tells mac_history.
-- Cost: the numbers of mac_location_history that ended after since; a third of what mac_history costs, or less.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.mac_stays(subject, since, until) AS TABLE
SELECT
    p.fabric,
    p.vni,
    p.evi,
    mac_text(p.mac) AS mac,
    o.device,
    p.esi,
    p.vtep,
    p.mobility_seq,
    p.sticky,
    p.valid_from,
    p.valid_to,
    p.seen_from,
    p.closed_reason
FROM (
    SELECT * FROM store.mac_location_intervals()
    WHERE mac = mac_number(subject)
        AND valid_from <= until::TIMESTAMPTZ
        AND (valid_to IS NULL OR valid_to > since::TIMESTAMPTZ)
) AS p
LEFT JOIN (
    SELECT fabric, vtep, string_agg(device, ', ' ORDER BY device) AS device
    FROM main.vtep_owner
    GROUP BY ALL
) AS o ON o.fabric = p.fabric AND o.vtep = p.vtep;
