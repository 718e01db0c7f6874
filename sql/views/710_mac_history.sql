-- Grain: one row per (fabric, VNI or EVI) and interval in which a MAC was in one place; by valid_from it is its life.
-- subject: the MAC as text, in any of the usual ways. device: whose VTEP it is; of a segment: who announces it.
-- interface: the port, where the device's MAC table names one. what: appeared, moved, returned (after it was gone, same
-- place), changed (same place: sequence, sticky). from_device, from_vtep, from_seq: before.
-- valid_to is null while it lasts, closed_reason says why it ended.
-- coverage: how complete the routes' data was meanwhile, 0 to 1 (coverage_between).
-- Cost: one pass over the numbers of mac_location_history and mac_history, and 15 ms to plan it. A WHERE on times saves
-- nothing, for what was before is looked up first: mac_stays tells where it was within a time.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.mac_history(subject) AS TABLE
WITH place AS (
    SELECT
        *,
        lag(location) OVER life AS from_location,
        lag(vtep) OVER life AS from_vtep,
        lag(mobility_seq) OVER life AS from_seq,
        lag(valid_to) OVER life AS from_until
    FROM store.mac_location_intervals()
    WHERE mac = mac_number(subject)
    WINDOW life AS (PARTITION BY fabric, vni, evi ORDER BY valid_from, opened_offset, opened_index)
),

owner AS (
    SELECT fabric, vtep, string_agg(device, ', ' ORDER BY device) AS device
    FROM main.vtep_owner
    GROUP BY ALL
),

port AS (
    SELECT fabric, device, interface, valid_from, valid_to
    FROM store.mac_intervals()
    WHERE mac = mac_number(subject) AND interface IS NOT NULL AND next_hop IS NULL
)

SELECT
    p.fabric,
    p.vni,
    p.evi,
    mac_text(p.mac) AS mac,
    o.device,
    (
        SELECT max_by(i.interface, i.valid_from)
        FROM port AS i
        WHERE i.fabric = p.fabric AND i.device = o.device
            AND i.valid_from < coalesce(p.valid_to, 'infinity') AND coalesce(i.valid_to, 'infinity') > p.valid_from
    ) AS interface,
    p.esi,
    p.vtep,
    p.mobility_seq,
    p.sticky,
    CASE
        WHEN p.from_until IS NULL THEN 'appeared'
        WHEN p.from_location IS DISTINCT FROM p.location THEN 'moved'
        WHEN p.from_until < p.valid_from THEN 'returned'
        ELSE 'changed'
    END AS what,
    b.device AS from_device,
    p.from_vtep,
    p.from_seq,
    p.valid_from,
    p.valid_to,
    p.seen_from,
    p.closed_reason,
    coverage_between(p.fabric, 'routes', p.valid_from, p.valid_to) AS coverage
FROM place AS p
LEFT JOIN owner AS o ON o.fabric = p.fabric AND o.vtep = p.vtep
LEFT JOIN owner AS b ON b.fabric = p.fabric AND b.vtep = p.from_vtep;
