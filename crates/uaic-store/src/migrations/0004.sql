-- Format 4: runs of no study, and values that are found quickly.

-- Names of parameters, metrics and tags, once each.
ALTER TABLE metric_keys RENAME TO names;
INSERT OR IGNORE INTO names (name) SELECT DISTINCT name FROM params;
INSERT OR IGNORE INTO names (name) SELECT DISTINCT key FROM tags;

CREATE TABLE experiments (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO experiments (name, created_ms)
    SELECT experiment, min(created_ms) FROM studies GROUP BY experiment ORDER BY min(id);
CREATE INDEX studies_by_experiment ON studies (experiment);

-- SQLite can neither change a CHECK nor drop a NOT NULL in place.
CREATE TABLE runs_next (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    experiment  INTEGER NOT NULL REFERENCES experiments,
    study       INTEGER REFERENCES studies,
    parent      INTEGER REFERENCES runs_next,
    kind        TEXT NOT NULL CHECK (kind IN ('trial', 'final', 'imported', 'free')),
    number      INTEGER CHECK (number >= 0),
    name        TEXT,
    note        TEXT,
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    state       TEXT NOT NULL CHECK (state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAILED', 'INTERRUPTED')),
    value       REAL,
    value_kind  INTEGER CHECK (value_kind BETWEEN 0 AND 3),
    violation   REAL NOT NULL DEFAULT 0,
    excluded    INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),
    reason      TEXT,
    process     INTEGER NOT NULL REFERENCES processes,
    config      INTEGER NOT NULL REFERENCES texts,
    environment INTEGER NOT NULL REFERENCES texts,
    started_ms  INTEGER NOT NULL,
    ended_ms    INTEGER,
    -- And 2 more while it is being brought in from elsewhere, and nobody sees it yet.
    hidden      INTEGER NOT NULL DEFAULT 0 CHECK (hidden BETWEEN 0 AND 3)
) STRICT;
INSERT INTO runs_next (id, uuid, experiment, study, kind, number, attempt, state, value, value_kind,
        violation, excluded, reason, process, config, environment, started_ms, ended_ms, hidden)
    SELECT runs.id, runs.uuid, experiments.id, study, kind, number, attempt, runs.state, value, value_kind,
        violation, excluded, reason, process, config, runs.environment, started_ms, ended_ms, hidden
    FROM runs JOIN studies ON studies.id = study JOIN experiments ON experiments.name = studies.experiment;
DROP TABLE runs;
ALTER TABLE runs_next RENAME TO runs;
CREATE UNIQUE INDEX runs_by_number ON runs (study, kind, ifnull(number, -1)) WHERE study IS NOT NULL;
CREATE INDEX runs_by_start ON runs (started_ms, id);
CREATE INDEX runs_by_experiment ON runs (experiment, started_ms, id);
CREATE INDEX runs_by_name ON runs (name) WHERE name IS NOT NULL;
CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_running ON runs (process) WHERE state = 'RUNNING';
CREATE INDEX runs_hidden ON runs (hidden) WHERE hidden > 0;

CREATE TABLE params_next (
    run   INTEGER NOT NULL REFERENCES runs,
    name  INTEGER NOT NULL REFERENCES names,
    -- To compare and sort by: a number, or a text. NULL is NaN.
    value ANY,
    -- 0: the value is the parameter; 1: a boolean, as 0 or 1; 2: `text` is, and reads as this number.
    kind  INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    text  TEXT,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
INSERT INTO params_next (run, name, value, kind, text)
    SELECT run, names.id,
        CASE kind
            WHEN 'bool' THEN text = 'true'
            WHEN 'int' THEN CAST(text AS INTEGER)
            WHEN 'float' THEN CASE text WHEN 'NaN' THEN NULL ELSE number END
            ELSE text
        END,
        kind = 'bool', NULL
    FROM params JOIN names ON names.name = params.name;
DROP TABLE params;
ALTER TABLE params_next RENAME TO params;
CREATE INDEX params_by_value ON params (name, value, run);

CREATE TABLE tags_next (
    run   INTEGER NOT NULL REFERENCES runs,
    name  INTEGER NOT NULL REFERENCES names,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
INSERT INTO tags_next SELECT run, names.id, value FROM tags JOIN names ON names.name = key;
DROP TABLE tags;
ALTER TABLE tags_next RENAME TO tags;
CREATE INDEX tags_by_value ON tags (name, value, run);

-- The latest value of each series, its range, and, of a series of one point, the point.
CREATE TABLE metrics (
    run      INTEGER NOT NULL REFERENCES runs,
    name     INTEGER NOT NULL REFERENCES names,
    step     INTEGER NOT NULL,
    time_ms  INTEGER NOT NULL,              -- since the run started
    value    REAL,                          -- NULL is NaN
    smallest REAL,                          -- NaN left out; NULL where there is one point
    largest  REAL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX metrics_by_value ON metrics (name, value, run);

-- The points of longer series, in pieces: first in the order in which they came, then merged.
CREATE TABLE pieces (
    run         INTEGER NOT NULL REFERENCES runs,
    name        INTEGER NOT NULL REFERENCES names,
    seq         INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    first_step  INTEGER NOT NULL,
    last_step   INTEGER NOT NULL,
    first_ms    INTEGER NOT NULL,           -- time and value of the first point and of the last
    first_value REAL,
    last_ms     INTEGER NOT NULL,
    last_value  REAL,
    smallest    REAL,                       -- NaN left out; NULL where there is nothing else
    largest     REAL,
    points      BLOB NOT NULL,              -- sorted by step, packed
    PRIMARY KEY (run, name, seq)
) STRICT, WITHOUT ROWID;

-- Events of runs of no study.
CREATE TABLE events_next (
    id      INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    study   INTEGER REFERENCES studies,
    run     INTEGER REFERENCES runs,        -- NULL for events of the study itself
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
INSERT INTO events_next SELECT * FROM events;
DROP TABLE events;
ALTER TABLE events_next RENAME TO events;
CREATE INDEX events_by_run ON events (run, id) WHERE run IS NOT NULL;
