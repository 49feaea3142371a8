-- Format 1 of the request log.

-- Who answered on which route: each combination that occurs, once.
CREATE TABLE origins (
    origin  INTEGER PRIMARY KEY,
    route   TEXT NOT NULL,
    model   TEXT NOT NULL,
    version TEXT NOT NULL,
    role    TEXT NOT NULL,                  -- live, canary, shadow
    UNIQUE (route, model, version, role)
) STRICT;

-- Each label that occurs, once.
CREATE TABLE labels (
    label INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each text that was answered, in the order of writing. Origins and labels are never
-- deleted, so their references need no check at every row.
CREATE TABLE requests (
    row          INTEGER PRIMARY KEY,
    at_ms        INTEGER NOT NULL,          -- since 1970 UTC
    origin       INTEGER NOT NULL,
    label        INTEGER NOT NULL,          -- the one predicted
    position     INTEGER NOT NULL,          -- of the text within its request, from 0
    confidence   REAL,                      -- NULL when it is no number
    out_of_scope INTEGER,                   -- 0 or 1; NULL for models that do not tell
    latency_us   INTEGER NOT NULL,
    id_key       INTEGER NOT NULL,          -- see `key.rs`
    id           TEXT NOT NULL,
    text         TEXT,                      -- NULL when texts are not kept
    response     TEXT,                      -- JSON: the best labels
    trace        TEXT                       -- the trace id of the request
) STRICT;
CREATE INDEX requests_by_key ON requests (id_key);
CREATE INDEX requests_by_time ON requests (at_ms);

-- The right labels, as told by those who know. The latest of a request counts. What belongs to no
-- row is kept as well: its request was not logged, or is no longer.
CREATE TABLE feedback (
    row      INTEGER PRIMARY KEY,
    request  INTEGER REFERENCES requests ON DELETE CASCADE,
    id       TEXT NOT NULL,
    position INTEGER NOT NULL,
    label    INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    source   TEXT NOT NULL                  -- client, cli
) STRICT;
CREATE INDEX feedback_by_request ON feedback (request);
