CREATE TABLE users (
    name TEXT PRIMARY KEY NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    -- Argon2id, in the form of password hashes that other programs know.
    password TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY NOT NULL,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- BLAKE3 of the whole token, which has 256 random bits.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    -- Numbers of experiments with commas between them; NULL for all.
    experiments TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    UNIQUE (user, name)
) STRICT;
