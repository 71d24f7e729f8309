CREATE TABLE IF NOT EXISTS portal_calls (
  id {{.Serial}},
  at {{.Time}} NOT NULL,
  direction TEXT NOT NULL,
  system TEXT NOT NULL,
  method TEXT NOT NULL,
  host TEXT NOT NULL,
  path TEXT NOT NULL,
  outcome TEXT NOT NULL,
  took_us BIGINT NOT NULL DEFAULT 0,
  reference TEXT NOT NULL DEFAULT '',
  decision TEXT NOT NULL DEFAULT ''
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_calls_reference ON portal_calls (reference, id);
--bun:split
CREATE INDEX IF NOT EXISTS portal_calls_direction ON portal_calls (direction, id);
