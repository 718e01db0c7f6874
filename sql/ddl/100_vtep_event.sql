-- Grain: one row per change of vtep; identity (fabric, offset, index).
-- Read by: view vtep_event, restart.
CREATE TABLE store.vtep_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    network_instance VARCHAR,
    peer VARCHAR,
    vni UINTEGER,
    peer_state VARCHAR,
    vni_state VARCHAR,
    vni_type VARCHAR,
    bridge_domain VARCHAR,
    router_mac UBIGINT,
    uptime TIMESTAMPTZ,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
