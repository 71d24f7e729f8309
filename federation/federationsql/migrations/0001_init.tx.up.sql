CREATE TABLE IF NOT EXISTS federation_deliveries (
  id TEXT PRIMARY KEY,
  delivery_key TEXT NOT NULL,
  destination TEXT NOT NULL,
  subject TEXT NOT NULL,
  reference TEXT NOT NULL,
  media_type TEXT NOT NULL,
  attachments {{.JSON}} NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_at {{.Time}},
  created_at {{.Time}} NOT NULL,
  delivered_at {{.Time}},
  last_error TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  receipt_at {{.Time}},
  version BIGINT NOT NULL
)
--bun:split
CREATE TABLE IF NOT EXISTS federation_payloads (
  delivery TEXT PRIMARY KEY REFERENCES federation_deliveries (id) ON DELETE CASCADE,
  body {{.Bytes}} NOT NULL
)
--bun:split
CREATE UNIQUE INDEX IF NOT EXISTS federation_deliveries_key ON federation_deliveries (delivery_key)
--bun:split
CREATE INDEX IF NOT EXISTS federation_deliveries_due ON federation_deliveries (next_at, id)
  WHERE state IN ('queued', 'sending')
--bun:split
CREATE INDEX IF NOT EXISTS federation_deliveries_reference ON federation_deliveries (reference, created_at, id)
--bun:split
CREATE INDEX IF NOT EXISTS federation_deliveries_state ON federation_deliveries (state, created_at DESC, id DESC)
--bun:split
CREATE INDEX IF NOT EXISTS federation_deliveries_created ON federation_deliveries (created_at DESC, id DESC)
