CREATE TABLE IF NOT EXISTS portal_once (
  key TEXT PRIMARY KEY,
  at {{.Time}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_once_at ON portal_once (at);
