-- Grain: one row per change of link; identity (fabric, offset, index).
-- Read by: view link_event, restart.
CREATE TABLE store.link_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    interface VARCHAR,
    admin_status VARCHAR,
    oper_status VARCHAR,
    type VARCHAR,
    ifindex UINTEGER,
    last_change TIMESTAMPTZ,
    carrier_transitions UBIGINT,
    aggregate VARCHAR,
    min_links USMALLINT,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
