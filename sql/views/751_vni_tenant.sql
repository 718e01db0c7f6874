-- Grain: one row per (fabric, VNI) whose tenant a rule has told of, as it was declared when it was last told.
-- A VNI that is not here has no tenant that this store knows: unknown, not none.
-- Cost: reads the findings that name a tenant.
-- Read by: who_was_hit, blast_radius.
CREATE OR REPLACE VIEW main.vni_tenant AS
SELECT fabric, vni, max_by(tenant, detected_at) AS tenant
FROM store.finding
WHERE vni IS NOT NULL AND tenant IS NOT NULL
GROUP BY fabric, vni;
