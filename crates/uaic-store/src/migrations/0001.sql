-- Format 1. Times are milliseconds since 1970 UTC; ids are 16 random bytes.
-- A float is a value and its kind (0 finite, 1 NaN, 2 +inf, 3 -inf), because SQLite turns NaN
-- into NULL; the value is NULL unless the kind is 0.

-- Texts that many rows share: specs, configurations, environments. Named by their BLAKE3 hash.
CREATE TABLE texts (
    id      INTEGER PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    content TEXT NOT NULL
) STRICT;

-- Processes that own studies or execute runs. A running thing whose process is gone has crashed.
CREATE TABLE processes (
    id           INTEGER PRIMARY KEY,
    identity     TEXT NOT NULL UNIQUE,      -- JSON: host, boot, namespace, process id, start time
    heartbeat_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE studies (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    experiment  TEXT NOT NULL,
    spec        INTEGER NOT NULL REFERENCES texts,
    spec_path   TEXT NOT NULL,
    overrides   TEXT NOT NULL,              -- JSON: [[key, value], …]
    fingerprint TEXT NOT NULL,
    seed        INTEGER NOT NULL,           -- 64 bits; those above 2^63 show as negative
    metric      TEXT NOT NULL,
    direction   TEXT NOT NULL CHECK (direction IN ('minimize', 'maximize')),
    trials      INTEGER NOT NULL CHECK (trials >= 0),
    environment INTEGER NOT NULL REFERENCES texts,
    created_ms  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('RUNNING', 'COMPLETE', 'INTERRUPTED', 'FAILED')),
    owner       INTEGER REFERENCES processes
) STRICT;

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    study       INTEGER NOT NULL REFERENCES studies,
    kind        TEXT NOT NULL CHECK (kind IN ('trial', 'final')),
    number      INTEGER CHECK (number >= 0),
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    state       TEXT NOT NULL CHECK (state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAILED', 'INTERRUPTED')),
    value       REAL,
    value_kind  INTEGER CHECK (value_kind BETWEEN 0 AND 3),
    reason      TEXT,
    process     INTEGER NOT NULL REFERENCES processes,
    config      INTEGER NOT NULL REFERENCES texts,
    environment INTEGER NOT NULL REFERENCES texts,
    started_ms  INTEGER NOT NULL,
    ended_ms    INTEGER,
    hidden      INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1))
) STRICT;
-- NULLs are distinct to UNIQUE, yet a study has one final run.
CREATE UNIQUE INDEX runs_by_number ON runs (study, kind, ifnull(number, -1));
CREATE INDEX runs_by_start ON runs (started_ms, id);
CREATE INDEX runs_running ON runs (process) WHERE state = 'RUNNING';

CREATE TABLE params (
    run    INTEGER NOT NULL REFERENCES runs,
    name   TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('bool', 'int', 'float', 'text')),
    text   TEXT NOT NULL,                   -- the exact value
    number REAL,                            -- the value to compare and sort by, where it has one
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    run   INTEGER NOT NULL REFERENCES runs,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric_keys (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- A series is one range of this table: by step, then in the order written.
CREATE TABLE metric_points (
    run     INTEGER NOT NULL REFERENCES runs,
    key     INTEGER NOT NULL REFERENCES metric_keys,
    step    INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    value   REAL,
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    PRIMARY KEY (run, key, step, seq)
) STRICT, WITHOUT ROWID;

-- What listings need of each series, kept up to date in the transaction that adds the points.
CREATE TABLE latest_metrics (
    run      INTEGER NOT NULL REFERENCES runs,
    key      INTEGER NOT NULL REFERENCES metric_keys,
    step     INTEGER NOT NULL,
    value    REAL,
    kind     INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    smallest REAL,                          -- NaN left out; ±inf stored as such
    largest  REAL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    run  INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    size INTEGER NOT NULL CHECK (size >= 0),
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    study   INTEGER NOT NULL REFERENCES studies,
    run     INTEGER REFERENCES runs,        -- NULL for events of the study itself
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run, id);
