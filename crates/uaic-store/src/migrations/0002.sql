-- Format 2: runs imported from packages, and the registry of models.

-- SQLite cannot change a CHECK in place. Foreign keys are off while a migration runs, and checked
-- before it is committed.
CREATE TABLE runs_next (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    study       INTEGER NOT NULL REFERENCES studies,
    kind        TEXT NOT NULL CHECK (kind IN ('trial', 'final', 'imported')),
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
INSERT INTO runs_next SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE runs_next RENAME TO runs;
CREATE UNIQUE INDEX runs_by_number ON runs (study, kind, ifnull(number, -1));
CREATE INDEX runs_by_start ON runs (started_ms, id);
CREATE INDEX runs_running ON runs (process) WHERE state = 'RUNNING';

CREATE TABLE models (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last INTEGER NOT NULL CHECK (last >= 1) -- the newest version, so that no number is used twice
) STRICT;

CREATE TABLE model_versions (
    model      INTEGER NOT NULL REFERENCES models,
    version    INTEGER NOT NULL CHECK (version >= 1),
    run        INTEGER NOT NULL REFERENCES runs,
    note       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model, version),
    UNIQUE (model, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_aliases (
    model   INTEGER NOT NULL,
    alias   TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model, alias),
    FOREIGN KEY (model, version) REFERENCES model_versions
) STRICT, WITHOUT ROWID;

CREATE TABLE model_events (
    id      INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    model   INTEGER NOT NULL REFERENCES models,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX model_events_by_model ON model_events (model, id);
