-- Grain: one row per finding of a rule about a subject; identity (fabric, offset, index, rule).
-- severity: info, warning, critical. active: false when the rule says that it holds no longer.
-- Read by: view finding.
CREATE TABLE store.finding (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    rule VARCHAR,
    family VARCHAR,
    severity VARCHAR,
    active BOOLEAN,
    device VARCHAR,
    vni UINTEGER,
    evi UINTEGER,
    mac UBIGINT,
    ip_hi UBIGINT,
    ip_lo UBIGINT,
    esi VARCHAR,
    vtep VARCHAR,
    interface VARCHAR,
    peer VARCHAR, -- a neighbour as the device names it: address of a BGP or BFD session
    tenant VARCHAR,
    event_time TIMESTAMPTZ,
    detected_at TIMESTAMPTZ, -- record time
    summary VARCHAR,
    evidence VARCHAR -- JSON
);
