-- Grain: one row per change of lacp_member; identity (fabric, offset, index).
-- Read by: view lacp_member_event, restart.
CREATE TABLE store.lacp_member_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    interface VARCHAR,
    member VARCHAR,
    synchronization VARCHAR,
    collecting BOOLEAN,
    distributing BOOLEAN,
    system_id UBIGINT,
    oper_key USMALLINT,
    partner_id UBIGINT,
    partner_key USMALLINT,
    reason VARCHAR,
    dump BOOLEAN,
    late BOOLEAN,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
