-- Grain: one row per fabric and rule that opened an incident: how often people called it a false alarm.
-- An incident that a stronger rule raised counts for that one.
-- Read by: reports, whoever tunes thresholds.
CREATE OR REPLACE VIEW main.rule_quality AS
SELECT
    i.fabric,
    i.rule,
    any_value(i.name) AS name,
    count(*) AS incidents,
    count(*) FILTER (WHERE f.incident_id IS NOT NULL) AS marked_false,
    count(*) FILTER (WHERE f.incident_id IS NOT NULL) / count(*) AS false_ratio
FROM store.incident AS i
LEFT JOIN (
    SELECT DISTINCT fabric, incident_id
    FROM store.incident_event
    WHERE kind = 'marked_false'
) AS f USING (fabric, incident_id)
GROUP BY i.fabric, i.rule;
