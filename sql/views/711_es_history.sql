-- Grain: one row per (fabric, device, what it tells by) and interval of an Ethernet segment. subject: its ESI.
-- source: segment (as the device itself has it), forwarder (who forwards, per VNI), type 1 and type 4 (a route that
-- the device announces itself). detail: JSON. valid_to is null while it lasts.
-- coverage: how complete the data of that family was meanwhile, 0 to 1 (coverage_between).
-- Cost: one pass over the ESIs of evpn_route_history; the other tables are short.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.es_history(subject) AS TABLE
SELECT
    k.fabric,
    k.device,
    k.source,
    k.vni,
    k.detail,
    k.valid_from,
    k.valid_to,
    k.closed_reason,
    coverage_between(k.fabric, k.family, k.valid_from, k.valid_to) AS coverage
FROM (
    SELECT
        fabric, device, 'segment' AS source, NULL::UINTEGER AS vni,
        to_json({'name': name, 'interface': interface, 'mode': redundancy_mode, 'preference': df_preference})::VARCHAR
            AS detail,
        valid_from, valid_to, closed_reason, 'es' AS family
    FROM store.ethernet_segment_intervals()
    WHERE lower(esi) = lower(subject)
    UNION ALL
    SELECT
        fabric, device, 'forwarder' AS source, vni,
        to_json({'local_is_df': local_is_df, 'df_address': df_address})::VARCHAR AS detail,
        valid_from, valid_to, closed_reason, 'es' AS family
    FROM store.designated_forwarder_intervals()
    WHERE lower(esi) = lower(subject)
    UNION ALL
    SELECT
        fabric, device, 'type ' || route_type AS source, label AS vni,
        to_json({'next_hop': next_hop, 'single_active': single_active, 'preference': df_preference})::VARCHAR
            AS detail,
        valid_from, valid_to, closed_reason, 'routes' AS family
    FROM store.evpn_route_intervals()
    WHERE route_type IN (1, 4) AND route_esi = lower(subject) AND neighbor IS NULL AND source_rd IS NULL
) AS k;
