-- Format 3: several processes on a study, several objectives, and changes of a study that goes on.

-- Who works on a study now. The owner of `studies` is the one that joined last.
CREATE TABLE study_workers (
    study   INTEGER NOT NULL REFERENCES studies,
    process INTEGER NOT NULL REFERENCES processes,
    PRIMARY KEY (study, process)
) STRICT, WITHOUT ROWID;
INSERT INTO study_workers SELECT id, owner FROM studies WHERE state = 'RUNNING' AND owner IS NOT NULL;

-- The metrics behind the first one: JSON, [[metric, direction], …].
ALTER TABLE studies ADD COLUMN more_objectives TEXT NOT NULL DEFAULT '[]';

-- The values behind the first one, of trials with several.
CREATE TABLE more_values (
    run   INTEGER NOT NULL REFERENCES runs,
    place INTEGER NOT NULL CHECK (place >= 1),
    value REAL,
    kind  INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;

-- By how much the constraints on its outcome are missed.
ALTER TABLE runs ADD COLUMN violation REAL NOT NULL DEFAULT 0;
-- Left out by the user, with a reason among the changes.
ALTER TABLE runs ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1));

-- What was changed of a study, and from which trial on that counts: earlier proposals stay what
-- they were.
CREATE TABLE study_changes (
    id         INTEGER PRIMARY KEY,
    study      INTEGER NOT NULL REFERENCES studies,
    from_trial INTEGER NOT NULL CHECK (from_trial >= 0),
    time_ms    INTEGER NOT NULL,
    change     TEXT NOT NULL                -- JSON
) STRICT;
CREATE INDEX study_changes_by_study ON study_changes (study, id);
