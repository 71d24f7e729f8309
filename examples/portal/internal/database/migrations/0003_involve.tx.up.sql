CREATE TABLE IF NOT EXISTS portal_involvements (
  id TEXT PRIMARY KEY,
  application TEXT NOT NULL,
  unit TEXT NOT NULL,
  scope TEXT NOT NULL,
  question TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  by_unit TEXT NOT NULL,
  started_by TEXT NOT NULL,
  started_at {{.Time}} NOT NULL,
  ends_at {{.Time}},
  ended_at {{.Time}},
  ended_by TEXT NOT NULL DEFAULT '',
  ending TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '',
  seen_at {{.Time}}
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_involvements_application ON portal_involvements (application, started_at);
--bun:split
CREATE INDEX IF NOT EXISTS portal_involvements_unit ON portal_involvements (unit, application) WHERE ended_at IS NULL;
--bun:split
CREATE INDEX IF NOT EXISTS portal_involvements_due ON portal_involvements (ends_at) WHERE ended_at IS NULL AND ends_at IS NOT NULL;
--bun:split
CREATE UNIQUE INDEX IF NOT EXISTS portal_involvements_whole ON portal_involvements (application, unit) WHERE scope = 'whole' AND ended_at IS NULL;
--bun:split
CREATE TABLE IF NOT EXISTS portal_involvement_files (
  involvement TEXT NOT NULL,
  file TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (involvement, file)
);
--bun:split
CREATE TABLE IF NOT EXISTS portal_transfers (
  id TEXT PRIMARY KEY,
  application TEXT NOT NULL,
  from_unit TEXT NOT NULL,
  to_unit TEXT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  person TEXT NOT NULL,
  at {{.Time}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_transfers_application ON portal_transfers (application, at);
