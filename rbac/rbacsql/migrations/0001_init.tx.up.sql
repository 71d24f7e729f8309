CREATE TABLE IF NOT EXISTS rbac_sources (
  tenant TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  source {{.JSON}} NOT NULL,
  changed_at {{.Time}} NOT NULL
)
--bun:split
CREATE TABLE IF NOT EXISTS rbac_changes (
  tenant TEXT NOT NULL,
  revision BIGINT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at {{.Time}} NOT NULL,
  items {{.JSON}} NOT NULL,
  PRIMARY KEY (tenant, revision)
)
