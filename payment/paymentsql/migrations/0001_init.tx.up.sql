CREATE TABLE IF NOT EXISTS payment_orders (
  id TEXT NOT NULL PRIMARY KEY,
  reference TEXT NOT NULL,
  payer TEXT NOT NULL,
  items {{.JSON}} NOT NULL,
  total_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  paid_at {{.Time}},
  version BIGINT NOT NULL,
  method TEXT NOT NULL,
  ref TEXT NOT NULL,
  provider_ref TEXT NOT NULL
)

--bun:split

CREATE INDEX IF NOT EXISTS payment_orders_reference ON payment_orders (reference, created_at, id)

--bun:split

CREATE TABLE IF NOT EXISTS payment_events (
  order_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  type TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  method TEXT NOT NULL,
  provider_ref TEXT NOT NULL,
  by_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  at {{.Time}} NOT NULL,
  PRIMARY KEY (order_id, seq)
)
