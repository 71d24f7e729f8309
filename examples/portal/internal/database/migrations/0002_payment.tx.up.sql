CREATE TABLE IF NOT EXISTS portal_numbers (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
--bun:split
CREATE TABLE IF NOT EXISTS portal_refunds (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  attempt TEXT NOT NULL,
  application TEXT NOT NULL,
  reference TEXT NOT NULL,
  kassenzeichen TEXT NOT NULL DEFAULT '',
  provider_ref TEXT NOT NULL DEFAULT '',
  cents BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  done_at {{.Time}},
  done_by TEXT NOT NULL DEFAULT '',
  UNIQUE (order_id, attempt, reason)
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_refunds_open ON portal_refunds (done_at, created_at, id);
