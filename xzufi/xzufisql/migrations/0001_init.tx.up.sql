CREATE TABLE IF NOT EXISTS xzufi_head (
    id BIGINT PRIMARY KEY,
    areas TEXT NOT NULL,
    objects TEXT NOT NULL
);

--bun:split

INSERT INTO xzufi_head (id, areas, objects) VALUES (1, '', '') ON CONFLICT DO NOTHING;

--bun:split

CREATE TABLE IF NOT EXISTS xzufi_area (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

--bun:split

-- base is the revision that a run began on: once another one is current, the
-- run can only fail.
CREATE TABLE IF NOT EXISTS xzufi_run (
    id {{.Serial}},
    source TEXT NOT NULL,
    base TEXT NOT NULL,
    begun_at {{.Time}} NOT NULL,
    published INTEGER NOT NULL DEFAULT 0
);

--bun:split

-- state: 0 staged, 1 current, 2 replaced and to be removed.
CREATE TABLE IF NOT EXISTS xzufi_object (
    id BIGINT PRIMARY KEY,
    run BIGINT NOT NULL,
    state INTEGER NOT NULL,
    class TEXT NOT NULL,
    key TEXT NOT NULL,
    loose TEXT NOT NULL,
    agency TEXT NOT NULL,
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    hash TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    at {{.Time}} NOT NULL,
    words TEXT NOT NULL,
    card {{.Bytes}},
    body {{.Bytes}},
    raw {{.Bytes}}
);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_object_current ON xzufi_object (class, key) WHERE state = 1;

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_object_loose ON xzufi_object (loose) WHERE state = 1;

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_object_run ON xzufi_object (run, class, key);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_object_replaced ON xzufi_object (id) WHERE state = 2;

--bun:split

CREATE TABLE IF NOT EXISTS xzufi_service (
    service TEXT NOT NULL,
    object BIGINT NOT NULL,
    PRIMARY KEY (service, object)
);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_service_object ON xzufi_service (object);

--bun:split
{{if eq .Time "TIMESTAMP"}}
CREATE VIRTUAL TABLE IF NOT EXISTS xzufi_term USING fts5(
    title, synonym, body, content='', contentless_delete=1, detail='column', tokenize='ascii'
);
{{else}}
CREATE TABLE IF NOT EXISTS xzufi_term (
    rowid BIGINT PRIMARY KEY,
    title TSVECTOR NOT NULL,
    synonym TSVECTOR NOT NULL,
    body TSVECTOR NOT NULL
);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_term_title ON xzufi_term USING gin (title);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_term_synonym ON xzufi_term USING gin (synonym);

--bun:split

CREATE INDEX IF NOT EXISTS xzufi_term_body ON xzufi_term USING gin (body);
{{end}}
