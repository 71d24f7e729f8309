CREATE TABLE IF NOT EXISTS portal_settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
--bun:split
CREATE TABLE IF NOT EXISTS portal_sessions (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL DEFAULT '',
  created_at {{.Time}} NOT NULL,
  seen_at {{.Time}} NOT NULL,
  expires_at {{.Time}} NOT NULL,
  data {{.Bytes}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_sessions_expires ON portal_sessions (expires_at);
--bun:split
CREATE INDEX IF NOT EXISTS portal_sessions_owner ON portal_sessions (owner);
--bun:split
CREATE TABLE IF NOT EXISTS portal_accounts (
  id TEXT PRIMARY KEY,
  bpk2 TEXT UNIQUE,
  consent_at {{.Time}} NOT NULL,
  consent_text TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  updated_at {{.Time}} NOT NULL,
  login_at {{.Time}} NOT NULL,
  level INTEGER NOT NULL,
  means TEXT NOT NULL,
  mailbox TEXT NOT NULL DEFAULT '',
  mail TEXT NOT NULL DEFAULT '',
  notify BOOLEAN NOT NULL DEFAULT TRUE,
  lang TEXT NOT NULL DEFAULT 'de',
  attributes {{.JSON}} NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
--bun:split
CREATE TABLE IF NOT EXISTS portal_drafts (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  assistant TEXT NOT NULL,
  assistant_version TEXT NOT NULL,
  service TEXT NOT NULL,
  area TEXT NOT NULL DEFAULT '',
  answers {{.JSON}} NOT NULL,
  created_at {{.Time}} NOT NULL,
  updated_at {{.Time}} NOT NULL,
  expires_at {{.Time}} NOT NULL,
  application TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_drafts_owner ON portal_drafts (owner, updated_at);
--bun:split
CREATE INDEX IF NOT EXISTS portal_drafts_expires ON portal_drafts (expires_at);
--bun:split
CREATE TABLE IF NOT EXISTS portal_applications (
  id TEXT PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  draft TEXT NOT NULL UNIQUE,
  assistant TEXT NOT NULL,
  assistant_version TEXT NOT NULL,
  service TEXT NOT NULL,
  title TEXT NOT NULL,
  area TEXT NOT NULL,
  owner TEXT NOT NULL,
  account TEXT NOT NULL DEFAULT '',
  applicant TEXT NOT NULL,
  applicant_folded TEXT NOT NULL,
  mail TEXT NOT NULL DEFAULT '',
  lang TEXT NOT NULL DEFAULT 'de',
  level INTEGER NOT NULL,
  means TEXT NOT NULL DEFAULT '',
  authn_at {{.Time}},
  lead_unit TEXT NOT NULL,
  assignee TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  thread TEXT NOT NULL,
  answers {{.JSON}} NOT NULL,
  payload {{.Bytes}} NOT NULL,
  content_hash TEXT NOT NULL,
  received_at {{.Time}} NOT NULL,
  updated_at {{.Time}} NOT NULL,
  due_at {{.Time}},
  closed_at {{.Time}},
  test BOOLEAN NOT NULL DEFAULT FALSE,
  version BIGINT NOT NULL DEFAULT 1
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_applications_owner ON portal_applications (owner, received_at DESC, id DESC);
--bun:split
CREATE INDEX IF NOT EXISTS portal_applications_received ON portal_applications (received_at DESC, id DESC);
--bun:split
CREATE INDEX IF NOT EXISTS portal_applications_thread ON portal_applications (thread);
--bun:split
CREATE TABLE IF NOT EXISTS portal_application_units (
  application TEXT NOT NULL,
  unit TEXT NOT NULL,
  kind TEXT NOT NULL,
  received_at {{.Time}} NOT NULL,
  started_at {{.Time}} NOT NULL,
  ended_at {{.Time}},
  PRIMARY KEY (application, unit)
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_application_units_list ON portal_application_units (unit, received_at DESC, application DESC);
--bun:split
CREATE TABLE IF NOT EXISTS portal_files (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  draft TEXT NOT NULL DEFAULT '',
  application TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  blob TEXT NOT NULL,
  created_at {{.Time}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_files_draft ON portal_files (draft);
--bun:split
CREATE INDEX IF NOT EXISTS portal_files_application ON portal_files (application);
--bun:split
CREATE TABLE IF NOT EXISTS portal_notes (
  id TEXT PRIMARY KEY,
  application TEXT NOT NULL,
  person TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at {{.Time}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_notes_application ON portal_notes (application, created_at);
--bun:split
CREATE TABLE IF NOT EXISTS portal_reminders (
  id TEXT PRIMARY KEY,
  application TEXT NOT NULL,
  person TEXT NOT NULL,
  due_on TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at {{.Time}} NOT NULL,
  done_at {{.Time}}
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_reminders_person ON portal_reminders (person, due_on);
--bun:split
CREATE INDEX IF NOT EXISTS portal_reminders_application ON portal_reminders (application);
--bun:split
CREATE TABLE IF NOT EXISTS portal_case_log (
  id {{.Serial}},
  application TEXT NOT NULL,
  at {{.Time}} NOT NULL,
  actor_kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
);
--bun:split
CREATE INDEX IF NOT EXISTS portal_case_log_application ON portal_case_log (application, id);
--bun:split
CREATE TABLE IF NOT EXISTS portal_feedback (
  id TEXT PRIMARY KEY,
  page TEXT NOT NULL,
  body TEXT NOT NULL,
  mail TEXT NOT NULL DEFAULT '',
  created_at {{.Time}} NOT NULL
);
