-- Grain: one row per lacp_member that exists; replaced as a whole.
-- Read by: view lacp_member_current, restart.
CREATE TABLE store.lacp_member_current (
    fabric VARCHAR,
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
    valid_from TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    family VARCHAR
);
