-- Grain: one row per fabric and rule that opened incidents: how long it took from the first evidence (event time) to
-- the record with which the incident was known (stream time), in seconds, with the rule's wait (rule X5).
-- The way from the record to the store, and to Alertmanager, is in the metrics of the replica.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.detection_latency AS
SELECT
    i.fabric,
    e.rule,
    count(*) AS incidents,
    quantile_cont(epoch(i.detected_at - i.opened_at), 0.5) AS p50_s,
    quantile_cont(epoch(i.detected_at - i.opened_at), 0.99) AS p99_s,
    max(epoch(i.detected_at - i.opened_at)) AS longest_s
FROM store.incident AS i
INNER JOIN store.incident_event AS e USING (fabric, incident_id)
WHERE e.kind = 'opened'
GROUP BY i.fabric, e.rule;
