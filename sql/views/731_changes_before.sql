-- Grain: one row per change in an incident's fabric in the time before it opened, the latest last.
-- of_incident: its whole id. span: an interval, INTERVAL 5 MINUTE. Columns: as in changes, and how long before it was.
-- coverage_between(fabric, family, opened_at - span, opened_at) says how complete the data is.
-- Cost: as of changes for that time.
-- Read by: people, forensics, reports.
CREATE OR REPLACE MACRO main.changes_before(of_incident, span) AS TABLE
SELECT
    c.*,
    epoch((SELECT i.opened_at FROM store.incident AS i WHERE i.incident_id = of_incident) - c.happened) AS seconds_before
FROM main.changes(
    (SELECT i.opened_at - span FROM store.incident AS i WHERE i.incident_id = of_incident),
    (SELECT i.opened_at FROM store.incident AS i WHERE i.incident_id = of_incident)
) AS c
WHERE c.fabric = (SELECT i.fabric FROM store.incident AS i WHERE i.incident_id = of_incident)
ORDER BY c.happened, c.kind, c.device;
