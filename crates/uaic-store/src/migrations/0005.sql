-- Format 5: what a server needs that others log to.

-- The experiment `Default` has number 0 for clients of MLflow, and is always there.
INSERT OR IGNORE INTO experiments (name, created_ms)
    VALUES ('Default', CAST(unixepoch('subsec') * 1000 AS INTEGER));
ALTER TABLE experiments ADD COLUMN updated_ms INTEGER;      -- NULL: as it was created
ALTER TABLE experiments ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1));
ALTER TABLE experiments ADD COLUMN location TEXT;           -- where its runs' artifacts are; NULL: here

CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;

-- A study is also a run for those who see runs alone: of its id, hidden to all others.
CREATE TABLE runs_next (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    experiment  INTEGER NOT NULL REFERENCES experiments,
    study       INTEGER REFERENCES studies,
    parent      INTEGER REFERENCES runs_next,
    kind        TEXT NOT NULL CHECK (kind IN ('trial', 'final', 'imported', 'free', 'study')),
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
    -- And 2 more while it is being brought in from elsewhere, and nobody sees it yet; and 4 of a study.
    hidden      INTEGER NOT NULL DEFAULT 0 CHECK (hidden BETWEEN 0 AND 7),
    user        TEXT                                        -- who runs it, where somebody said so
) STRICT;
INSERT INTO runs_next (id, uuid, experiment, study, parent, kind, number, name, note, attempt, state, value,
        value_kind, violation, excluded, reason, process, config, environment, started_ms, ended_ms, hidden)
    SELECT id, uuid, iif(experiment = (SELECT id FROM experiments WHERE name = 'Default'), 0, experiment),
        study, parent, kind, number, name, note, attempt, state, value, value_kind, violation, excluded,
        reason, process, config, environment, started_ms, ended_ms, hidden
    FROM runs;
UPDATE experiments SET id = 0 WHERE name = 'Default';
DROP TABLE runs;
ALTER TABLE runs_next RENAME TO runs;
CREATE UNIQUE INDEX runs_by_number ON runs (study, kind, ifnull(number, -1)) WHERE study IS NOT NULL;
CREATE INDEX runs_by_start ON runs (started_ms, id);
CREATE INDEX runs_by_experiment ON runs (experiment, started_ms DESC, uuid);
CREATE INDEX runs_by_name ON runs (name) WHERE name IS NOT NULL;
CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_running ON runs (process) WHERE state = 'RUNNING';
CREATE INDEX runs_hidden ON runs (hidden) WHERE hidden > 0;

-- Data sets that runs have used.
CREATE TABLE datasets (
    id          INTEGER PRIMARY KEY,
    experiment  INTEGER NOT NULL REFERENCES experiments,
    name        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source      TEXT NOT NULL,
    schema      TEXT,
    profile     TEXT,
    UNIQUE (experiment, name, digest)
) STRICT;

CREATE TABLE inputs (
    run     INTEGER NOT NULL REFERENCES runs,
    dataset INTEGER NOT NULL REFERENCES datasets,
    context TEXT,                                           -- the tag `mlflow.data.context`
    tags    TEXT NOT NULL,                                  -- JSON: [[key, value], …]
    PRIMARY KEY (run, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX inputs_by_dataset ON inputs (dataset, run);

-- Models that runs have used or made.
CREATE TABLE run_models (
    run   INTEGER NOT NULL REFERENCES runs,
    made  INTEGER NOT NULL CHECK (made IN (0, 1)),
    model TEXT NOT NULL,
    step  INTEGER NOT NULL,
    PRIMARY KEY (run, made, model)
) STRICT, WITHOUT ROWID;

-- Files of no run, such as those of models.
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    size INTEGER NOT NULL CHECK (size >= 0)
) STRICT, WITHOUT ROWID;

-- The registry as clients of MLflow know it: names without versions, and versions that are no whole run.
CREATE TABLE models_next (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    last        INTEGER NOT NULL CHECK (last >= 0), -- the newest version ever, so that no number is used twice
    description TEXT NOT NULL DEFAULT '',
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL
) STRICT;
INSERT INTO models_next (id, name, last, created_ms, updated_ms)
    SELECT id, name, last, ifnull(min(created_ms), 0), ifnull(max(created_ms), 0)
    FROM models LEFT JOIN model_versions ON model = id GROUP BY id;
DROP TABLE models;
ALTER TABLE models_next RENAME TO models;

CREATE TABLE model_versions_next (
    model        INTEGER NOT NULL REFERENCES models,
    version      INTEGER NOT NULL CHECK (version >= 1),
    run          INTEGER REFERENCES runs,                   -- the whole of it where there is no source
    note         TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    updated_ms   INTEGER NOT NULL,
    stage        TEXT NOT NULL DEFAULT 'None' CHECK (stage IN ('None', 'Staging', 'Production', 'Archived')),
    source       TEXT,                                      -- as somebody said it
    location     TEXT,                                      -- where it can be had from, if that is not the source
    run_elsewhere TEXT,                                     -- a run that is none of this store
    run_link     TEXT,
    logged_model TEXT,
    CHECK (run IS NOT NULL OR source IS NOT NULL),
    PRIMARY KEY (model, version)
) STRICT, WITHOUT ROWID;
INSERT INTO model_versions_next (model, version, run, note, created_ms, updated_ms)
    SELECT model, version, run, note, created_ms, created_ms FROM model_versions;
DROP TABLE model_versions;
ALTER TABLE model_versions_next RENAME TO model_versions;
CREATE INDEX model_versions_by_run ON model_versions (run) WHERE run IS NOT NULL;
CREATE INDEX model_versions_by_logged_model ON model_versions (logged_model) WHERE logged_model IS NOT NULL;
CREATE INDEX model_versions_by_change ON model_versions (updated_ms);

CREATE TABLE model_tags (
    model INTEGER NOT NULL REFERENCES models,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_tags (
    model   INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (model, version, key),
    FOREIGN KEY (model, version) REFERENCES model_versions
) STRICT, WITHOUT ROWID;

-- Logged models: what runs have made, with files, parameters and metrics of their own.
CREATE TABLE logged_models (
    id         INTEGER PRIMARY KEY,
    uuid       BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    experiment INTEGER NOT NULL REFERENCES experiments,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    run        TEXT,                                        -- as somebody said it
    status     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    deleted    INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
) STRICT;
CREATE INDEX logged_models_by_experiment ON logged_models (experiment, created_ms DESC, uuid);
CREATE INDEX logged_models_by_name ON logged_models (experiment, name);

CREATE TABLE logged_model_params (
    model INTEGER NOT NULL REFERENCES logged_models,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_tags (
    model INTEGER NOT NULL REFERENCES logged_models,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_metrics (
    id      INTEGER PRIMARY KEY,
    model   INTEGER NOT NULL REFERENCES logged_models,
    key     TEXT NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs,
    step    INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    value   REAL,                                           -- NULL is NaN
    dataset TEXT,
    digest  TEXT
) STRICT;
CREATE UNIQUE INDEX logged_model_metrics_once ON logged_model_metrics
    (model, key, time_ms, step, run, ifnull(value, 'NaN'), ifnull(dataset, ''), ifnull(digest, ''));
CREATE INDEX logged_model_metrics_by_run ON logged_model_metrics (run);

-- Traces, their spans, and what is said of them.
CREATE TABLE traces (
    id             INTEGER PRIMARY KEY,
    trace          TEXT NOT NULL UNIQUE,
    experiment     INTEGER NOT NULL REFERENCES experiments,
    time_ms        INTEGER NOT NULL,
    duration_ms    INTEGER,
    state          TEXT NOT NULL,
    client_request TEXT,
    request        TEXT,
    response       TEXT,
    told           INTEGER NOT NULL CHECK (told IN (0, 1))  -- the client has said all of this itself
) STRICT;
CREATE INDEX traces_by_time ON traces (experiment, time_ms DESC, trace);
CREATE INDEX traces_by_client_request ON traces (client_request) WHERE client_request IS NOT NULL;

CREATE TABLE trace_tags (
    trace INTEGER NOT NULL REFERENCES traces,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_metadata (
    trace INTEGER NOT NULL REFERENCES traces,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_metadata_by_run ON trace_metadata (value, trace) WHERE key = 'mlflow.sourceRun';

-- A trace may be linked before it comes.
CREATE TABLE trace_runs (
    trace TEXT NOT NULL,
    run   TEXT NOT NULL,
    PRIMARY KEY (trace, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_runs_by_run ON trace_runs (run, trace);

CREATE TABLE spans (
    id       INTEGER PRIMARY KEY,
    trace    INTEGER NOT NULL REFERENCES traces,
    span     TEXT NOT NULL,
    parent   TEXT,
    name     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    status   TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns   INTEGER,
    content  TEXT NOT NULL,                                 -- JSON, as readers get it
    UNIQUE (trace, span)
) STRICT;

CREATE TABLE assessments (
    id             INTEGER PRIMARY KEY,
    trace          INTEGER NOT NULL REFERENCES traces,
    assessment     TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    span           TEXT,
    is_expectation INTEGER NOT NULL CHECK (is_expectation IN (0, 1)),
    value          TEXT NOT NULL,                           -- JSON
    error          TEXT,                                    -- JSON
    source_kind    TEXT NOT NULL,
    source         TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL,
    rationale      TEXT,
    metadata       TEXT NOT NULL,                           -- JSON: {key: value}
    overrides      TEXT,
    valid          INTEGER NOT NULL CHECK (valid IN (0, 1))
) STRICT;
CREATE INDEX assessments_by_trace ON assessments (trace, id);
CREATE INDEX assessments_by_name ON assessments (name, trace);

-- Studies whose trials Optuna programs propose and execute elsewhere.

-- What those programs call a study. No number is used twice.
CREATE TABLE optuna_studies (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    study INTEGER NOT NULL UNIQUE REFERENCES studies,
    name  TEXT NOT NULL UNIQUE
) STRICT;

-- What trials draw from, once for each study. `kind` may not differ within a study and a name.
CREATE TABLE optuna_distributions (
    id    INTEGER PRIMARY KEY,
    study INTEGER NOT NULL REFERENCES optuna_studies,
    name  TEXT NOT NULL,
    json  TEXT NOT NULL,
    kind  TEXT NOT NULL,
    ours  TEXT,                             -- JSON; NULL where ours cannot say it
    UNIQUE (study, name, json)
) STRICT;

-- A trial beside its run, which has its reports. One that waits has a run that nobody sees yet.
CREATE TABLE optuna_trials (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    study    INTEGER NOT NULL REFERENCES optuna_studies,
    number   INTEGER NOT NULL CHECK (number >= 0),
    run      INTEGER NOT NULL UNIQUE REFERENCES runs,
    -- 0 running, 1 complete, 2 pruned, 3 failed, 4 waiting.
    state    INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    started  TEXT,                          -- as the program wrote it
    ended    TEXT,
    -- Floats of 64 bits, little-endian.
    outcome  BLOB NOT NULL,
    -- Pairs of a distribution (64 bits) and a float, little-endian, in the order in which they were set.
    params   BLOB NOT NULL,
    UNIQUE (study, number)                  -- in the order of their ids
) STRICT;
CREATE INDEX optuna_trials_running ON optuna_trials (study) WHERE state = 0;

CREATE TABLE optuna_study_attributes (
    study INTEGER NOT NULL REFERENCES optuna_studies,
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)), -- of the user, of Optuna
    key   TEXT NOT NULL,
    json  TEXT NOT NULL,
    tag   TEXT,                             -- name and value of what ours shows, where it does
    text  TEXT,
    PRIMARY KEY (study, scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE optuna_trial_attributes (
    trial  INTEGER NOT NULL REFERENCES optuna_trials,
    scope  INTEGER NOT NULL CHECK (scope IN (0, 1)),
    key    TEXT NOT NULL,
    json   TEXT NOT NULL,
    missed REAL,                            -- by how much constraints are missed
    PRIMARY KEY (trial, scope, key)
) STRICT, WITHOUT ROWID;

-- What a server needs whose store others use from afar.

-- Writes that came with a key, for an hour: one that comes again is answered, and not done again.
CREATE TABLE requests (
    id      INTEGER PRIMARY KEY,
    key     BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
    time_ms INTEGER NOT NULL,
    answer  BLOB NOT NULL                                   -- a message
) STRICT;

-- Which runs and studies have changed, in the order of their latest change, whoever made it. The newest one
-- keeps its place when it changes again, so that a run that is written to costs a look each time; who
-- follows looks at the newest again whenever anything was written.
CREATE TABLE changed (
    place INTEGER PRIMARY KEY,
    run   INTEGER UNIQUE,                                   -- NULL: gone
    gone  BLOB                                              -- its id
) STRICT;
CREATE TRIGGER changed_run_made AFTER INSERT ON runs
    WHEN NEW.id IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.id;
    INSERT INTO changed (run) VALUES (NEW.id);
END;
CREATE TRIGGER changed_run AFTER UPDATE ON runs
    WHEN NEW.id IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.id;
    INSERT INTO changed (run) VALUES (NEW.id);
END;
CREATE TRIGGER changed_run_gone AFTER DELETE ON runs
BEGIN
    DELETE FROM changed WHERE run = OLD.id;
    INSERT INTO changed (gone) VALUES (OLD.uuid);
END;
CREATE TRIGGER changed_metric_made AFTER INSERT ON metrics
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_metric AFTER UPDATE ON metrics
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_param_made AFTER INSERT ON params
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_tag_made AFTER INSERT ON tags
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_tag AFTER UPDATE ON tags
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_tag_gone AFTER DELETE ON tags
    WHEN OLD.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = OLD.run;
    INSERT INTO changed (run) VALUES (OLD.run);
END;
CREATE TRIGGER changed_artifact_made AFTER INSERT ON artifacts
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_artifact AFTER UPDATE ON artifacts
    WHEN NEW.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = NEW.run;
    INSERT INTO changed (run) VALUES (NEW.run);
END;
CREATE TRIGGER changed_artifact_gone AFTER DELETE ON artifacts
    WHEN OLD.run IS NOT (SELECT run FROM changed ORDER BY place DESC LIMIT 1)
BEGIN
    DELETE FROM changed WHERE run = OLD.run;
    INSERT INTO changed (run) VALUES (OLD.run);
END;
-- A study is also a run.
CREATE TRIGGER changed_study AFTER UPDATE ON studies
BEGIN
    DELETE FROM changed WHERE run = (SELECT id FROM runs WHERE uuid = NEW.uuid AND kind = 'study');
    INSERT INTO changed (run) SELECT id FROM runs WHERE uuid = NEW.uuid AND kind = 'study';
END;
CREATE TRIGGER changed_study_change AFTER INSERT ON study_changes
BEGIN
    DELETE FROM changed WHERE run = (SELECT runs.id FROM runs JOIN studies ON studies.uuid = runs.uuid
        WHERE studies.id = NEW.study);
    INSERT INTO changed (run) SELECT runs.id FROM runs JOIN studies ON studies.uuid = runs.uuid
        WHERE studies.id = NEW.study;
END;
