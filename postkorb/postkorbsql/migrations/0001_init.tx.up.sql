CREATE TABLE IF NOT EXISTS postkorb_threads (
  id TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  reference TEXT NOT NULL,
  subject TEXT NOT NULL,
  service TEXT NOT NULL,
  unit TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  updated_at {{.Time}} NOT NULL,
  version BIGINT NOT NULL,
  closed BOOLEAN NOT NULL,
  seq BIGINT NOT NULL,
  unread_citizen BIGINT NOT NULL,
  unread_desk BIGINT NOT NULL
)

--bun:split

CREATE INDEX IF NOT EXISTS postkorb_threads_owner ON postkorb_threads (owner, updated_at DESC, id DESC)

--bun:split

CREATE INDEX IF NOT EXISTS postkorb_threads_unit ON postkorb_threads (unit, updated_at DESC, id DESC)

--bun:split

CREATE INDEX IF NOT EXISTS postkorb_threads_reference ON postkorb_threads (reference)

--bun:split

CREATE TABLE IF NOT EXISTS postkorb_labels (
  thread_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  reader TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (thread_id, kind, reader, name)
)

--bun:split

CREATE TABLE IF NOT EXISTS postkorb_messages (
  id TEXT NOT NULL PRIMARY KEY,
  thread_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  from_kind TEXT NOT NULL,
  from_id TEXT NOT NULL,
  from_person TEXT NOT NULL,
  from_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  in_reply_to TEXT NOT NULL,
  status TEXT NOT NULL,
  slots {{.JSON}} NOT NULL,
  attachments {{.JSON}} NOT NULL,
  due_at {{.Time}},
  created_at {{.Time}} NOT NULL,
  idempotency_key TEXT NOT NULL,
  opened_at {{.Time}},
  confirmed_at {{.Time}}
)

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS postkorb_messages_thread ON postkorb_messages (thread_id, seq)

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS postkorb_messages_key ON postkorb_messages (thread_id, idempotency_key) WHERE idempotency_key <> ''

--bun:split

CREATE TABLE IF NOT EXISTS postkorb_events (
  thread_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  message_id TEXT NOT NULL,
  type TEXT NOT NULL,
  by_kind TEXT NOT NULL,
  by_id TEXT NOT NULL,
  by_person TEXT NOT NULL,
  by_name TEXT NOT NULL,
  at {{.Time}} NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (thread_id, seq)
)

--bun:split

CREATE TABLE IF NOT EXISTS postkorb_notices (
  id TEXT NOT NULL PRIMARY KEY,
  thread_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at {{.Time}} NOT NULL,
  lease TEXT NOT NULL,
  last_error TEXT NOT NULL
)

--bun:split

CREATE INDEX IF NOT EXISTS postkorb_notices_due ON postkorb_notices (next_at, id) WHERE state IN ('queued', 'sending')

--bun:split

CREATE INDEX IF NOT EXISTS postkorb_notices_thread ON postkorb_notices (thread_id)
