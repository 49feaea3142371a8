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
    UNIQUE (study, number)
) STRICT;
CREATE INDEX optuna_trials_by_study ON optuna_trials (study);
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
