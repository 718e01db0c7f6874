-- Grain: one row per (fabric, address, device): whose VTEP an address is, by the device's own type-3 routes and its
-- interfaces' addresses, whenever they were. An anycast VTEP has several.
-- Cost: the addresses of interfaces, and the type-3 routes that exist.
-- Read by: mac_history, ip_history, vtep_history, routes_at.
CREATE OR REPLACE VIEW main.vtep_owner AS
SELECT fabric, originator AS vtep, device
FROM store.evpn_route_current
WHERE route_type = 3 AND neighbor IS NULL AND originator IS NOT NULL
UNION
SELECT fabric, address AS vtep, device
FROM store.interface_address_history
UNION
SELECT fabric, address AS vtep, device
FROM store.interface_address_current;
