--bun:split

CREATE TABLE IF NOT EXISTS payment_attempts (
  id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  tenant TEXT NOT NULL,
  "procedure" TEXT NOT NULL,
  txid TEXT NOT NULL UNIQUE,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  text TEXT NOT NULL,
  record TEXT NOT NULL,
  notify_url TEXT NOT NULL,
  return_url TEXT NOT NULL,
  pay_url TEXT NOT NULL,
  provider_ref TEXT NOT NULL,
  method TEXT NOT NULL,
  state TEXT NOT NULL,
  asked BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  next_at {{.Time}},
  lease_until {{.Time}},
  expires_at {{.Time}},
  ended_at {{.Time}},
  version BIGINT NOT NULL
)

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS payment_attempts_live ON payment_attempts (order_id)
  WHERE state IN ('created', 'started')

--bun:split

CREATE INDEX IF NOT EXISTS payment_attempts_order ON payment_attempts (order_id, created_at, id)

--bun:split

CREATE INDEX IF NOT EXISTS payment_attempts_due ON payment_attempts (next_at, id) WHERE next_at IS NOT NULL

--bun:split

CREATE INDEX IF NOT EXISTS payment_attempts_state ON payment_attempts (state, created_at, id)

--bun:split

CREATE INDEX IF NOT EXISTS payment_attempts_created ON payment_attempts (created_at, id)

--bun:split

CREATE TABLE IF NOT EXISTS payment_bookings (
  id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE,
  reference TEXT NOT NULL,
  ref TEXT NOT NULL,
  tenant TEXT NOT NULL,
  "procedure" TEXT NOT NULL,
  method TEXT NOT NULL,
  provider_ref TEXT NOT NULL,
  txid TEXT NOT NULL,
  lines {{.JSON}} NOT NULL,
  total_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  paid_at {{.Time}},
  created_at {{.Time}} NOT NULL,
  batch BIGINT NOT NULL,
  place BIGINT NOT NULL
)

--bun:split

CREATE INDEX IF NOT EXISTS payment_bookings_batch ON payment_bookings (batch, created_at, id)

--bun:split

CREATE TABLE IF NOT EXISTS payment_batches (
  number BIGINT NOT NULL PRIMARY KEY,
  at {{.Time}} NOT NULL,
  bookings BIGINT NOT NULL,
  sum_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  content {{.Bytes}},
  sha256 TEXT NOT NULL
)
