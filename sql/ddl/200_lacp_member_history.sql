-- Grain: one row per closed interval of unchanged lacp_member.
-- Read by: view lacp_member_history, lacp_member_at, _known_at.
CREATE TABLE store.lacp_member_history (
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
    valid_to TIMESTAMPTZ,
    seen_from TIMESTAMPTZ,
    seen_to TIMESTAMPTZ,
    opened_offset BIGINT,
    opened_index INTEGER,
    closed_reason VARCHAR
);
