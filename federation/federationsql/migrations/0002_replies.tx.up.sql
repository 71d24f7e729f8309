CREATE TABLE IF NOT EXISTS federation_replies (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  delivery_key TEXT NOT NULL,
  reference TEXT NOT NULL,
  kind TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  attachments INTEGER NOT NULL,
  at {{.Time}} NOT NULL,
  taken_at {{.Time}} NOT NULL,
  PRIMARY KEY (source, id)
)
--bun:split
CREATE INDEX IF NOT EXISTS federation_replies_reference ON federation_replies (reference, taken_at, source, id)
