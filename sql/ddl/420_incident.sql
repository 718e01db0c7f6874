-- Grain: one row per incident, its latest revision; a revision replaces the row.
-- state: open, resolved. Times are stream time.
-- Read by: view incident.
CREATE TABLE store.incident (
    incident_id VARCHAR,
    rule VARCHAR,
    name VARCHAR,
    family VARCHAR,
    severity VARCHAR,
    state VARCHAR,
    opened_at TIMESTAMPTZ,
    detected_at TIMESTAMPTZ,
    resolved_at TIMESTAMPTZ,
    fabric VARCHAR,
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
    summary VARCHAR,
    evidence VARCHAR, -- JSON
    coverage DOUBLE, -- part of its observers that is fresh; 0: nobody can say whether it still holds
    acknowledged_by VARCHAR, -- who has seen it, as it is now
    in_maintenance BOOLEAN, -- a window that covers it is open, or was when it was resolved
    root_incident_id VARCHAR
);
