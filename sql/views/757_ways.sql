-- Grain: one row per way on which a device hung in the fabric at t: an established BGP session, and an IGP adjacency that
-- is up. way: the neighbour as the device names it; peer: whose address that is, where it is known.
-- interface, peer_interface: the ports at either end, where the addresses tell: a session between loopbacks has none.
-- Cost: as of bgp_session_at and igp_adjacency_at; addresses of interfaces.
-- Read by: blast_radius.
CREATE OR REPLACE MACRO store.ways(t) AS TABLE
WITH address AS (
    SELECT fabric, device, interface, address, prefix_length, ipv4_number(address) AS number
    FROM main.interface_address_at(t)
),

told AS (
    SELECT fabric, device, 'bgp' AS source, neighbor AS way, neighbor AS of_peer, NULL::VARCHAR AS interface
    FROM main.bgp_session_at(t)
    WHERE afi_safi IS NULL AND session_state = 'ESTABLISHED'
    UNION ALL
    SELECT fabric, device, 'igp' AS source, concat_ws(' ', interface, neighbor) AS way, address AS of_peer, interface
    FROM main.igp_adjacency_at(t)
    WHERE adjacency_state = 'UP'
)

SELECT DISTINCT
    w.fabric,
    w.device,
    w.source,
    w.way,
    p.device AS peer,
    coalesce(w.interface, a.interface, l.interface) AS interface,
    p.interface AS peer_interface
FROM told AS w
LEFT JOIN address AS p ON p.fabric = w.fabric AND p.address = w.of_peer AND p.device <> w.device
LEFT JOIN address AS a
    ON a.fabric = w.fabric AND a.device = w.device AND a.prefix_length BETWEEN 8 AND 31
        AND a.number >> (32 - a.prefix_length) = ipv4_number(w.of_peer) >> (32 - a.prefix_length)
-- unnumbered: the neighbour is named by the port
LEFT JOIN main.link_at(t) AS l ON l.fabric = w.fabric AND l.device = w.device AND l.interface = w.way;
