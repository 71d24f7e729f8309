CREATE TABLE IF NOT EXISTS bundid_requests (
    id         VARCHAR(128) NOT NULL PRIMARY KEY,
    created_at {{.Time}} NOT NULL,
    expires_at {{.Time}} NOT NULL,
    data       {{.Bytes}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS bundid_requests_expires ON bundid_requests (expires_at);
--bun:split
CREATE TABLE IF NOT EXISTS bundid_assertions (
    id       VARCHAR(128) NOT NULL PRIMARY KEY,
    until_at {{.Time}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS bundid_assertions_until ON bundid_assertions (until_at);
--bun:split
CREATE TABLE IF NOT EXISTS bundid_tickets (
    id         VARCHAR(128) NOT NULL PRIMARY KEY,
    expires_at {{.Time}} NOT NULL,
    sealed     {{.Bytes}} NOT NULL
);
--bun:split
CREATE INDEX IF NOT EXISTS bundid_tickets_expires ON bundid_tickets (expires_at);
