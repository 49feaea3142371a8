-- Format 5: what a server for a team needs.

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
