-- Grain: one row per (fabric, VNI, MAC) and time in which anybody held a type-2 route for an IP address, without a gap.
-- subject: the address as text, IPv6 as RFC 5952 writes it. observers: devices that held one meanwhile. vteps: where it
-- was announced, in order of appearance is mac_history(mac). valid_to is null while it lasts.
-- coverage: how complete the routes' data was meanwhile, 0 to 1 (coverage_between).
-- Cost: one pass over the addresses of evpn_route_history: numbers for IPv4, text for IPv6, which is slower by far.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.ip_history(subject) AS TABLE
WITH told AS (
    SELECT
        fabric,
        label AS vni,
        mac,
        device,
        next_hop,
        valid_from,
        coalesce(valid_to, 'infinity') AS ended
    FROM store.evpn_route_intervals()
    WHERE route_type = 2
        AND valid IS DISTINCT FROM false
        AND ((ip_hi = 0 AND ip_lo = ipv4_number(subject))
            OR (contains(subject, ':') AND ip_text(ip_hi, ip_lo) = lower(subject)))
),

marked AS (
    SELECT
        *,
        valid_from <= max(ended) OVER (
            PARTITION BY fabric, vni, mac ORDER BY valid_from, ended
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS goes_on
    FROM told
),

islands AS (
    SELECT
        *,
        count(*) FILTER (goes_on IS NOT TRUE) OVER (
            PARTITION BY fabric, vni, mac ORDER BY valid_from, ended ROWS UNBOUNDED PRECEDING
        ) AS island
    FROM marked
),

bound AS (
    SELECT
        fabric,
        vni,
        mac,
        count(DISTINCT device) AS observers,
        string_agg(DISTINCT next_hop, ', ' ORDER BY next_hop) AS vteps,
        min(valid_from) AS valid_from,
        nullif(max(ended), 'infinity') AS valid_to
    FROM islands
    GROUP BY fabric, vni, mac, island
)

SELECT
    fabric,
    vni,
    lower(subject) AS ip,
    mac_text(mac) AS mac,
    vteps,
    observers,
    valid_from,
    valid_to,
    coverage_between(fabric, 'routes', valid_from, valid_to) AS coverage
FROM bound;
