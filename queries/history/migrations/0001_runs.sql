-- One statement after another, each of which may be run again. PostgreSQL and CockroachDB know the types, and SQLite
-- takes any.

-- texts by their hash: an audit's report, the catalog that it saw
CREATE TABLE IF NOT EXISTS document (
    hash TEXT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE TABLE IF NOT EXISTS run (
    id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    -- the how many-th of its source: clocks are set back, runs are recorded in an order all the same
    number BIGINT NOT NULL,
    -- RFC 3339, UTC, to the millisecond
    started TEXT NOT NULL,
    took_ms BIGINT NOT NULL,
    dbaudit TEXT NOT NULL,
    -- why the source could not be audited, empty if it was
    error TEXT NOT NULL,
    engine TEXT NOT NULL,
    tables BIGINT NOT NULL,
    -- what the audit could not look at
    skipped BIGINT NOT NULL,
    high BIGINT NOT NULL,
    medium BIGINT NOT NULL,
    low BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    fixed BIGINT NOT NULL,
    -- hashes of documents, empty if it failed
    catalog TEXT NOT NULL,
    report TEXT NOT NULL,
    found TEXT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS run_of_source ON run (source, number);

-- what is open now, of each source
CREATE TABLE IF NOT EXISTS finding (
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    -- whether it was ever sure enough to be told
    told BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, fingerprint)
);

-- what is to be told, and to whom it was
CREATE TABLE IF NOT EXISTS delivery (
    notice TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- RFC 3339: when somebody set out to send it
    claimed TEXT NOT NULL,
    -- sent, again (it did not arrive and is to be tried again), failed, or claimed (whoever claimed it is at it, or died
    -- over it)
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (notice, channel)
);

CREATE TABLE IF NOT EXISTS notice (
    id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    created TEXT NOT NULL,
    body TEXT NOT NULL
);
