-- The first form of the file. A text that is not known is empty, so that UNIQUE sees equal rows as equal.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE, -- by which it is recognised
    content TEXT NOT NULL, -- a digest of its results
    name TEXT NOT NULL,
    folder TEXT NOT NULL,
    started TEXT NOT NULL, -- ISO 8601 in UTC
    tool_version TEXT NOT NULL,
    partial INTEGER NOT NULL
);
CREATE INDEX run_by_content ON run (content);
CREATE TABLE cell (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE definitions (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE, -- of all that was the same for a cell, as far as it is known
    changes_unseen INTEGER NOT NULL -- the server is a target or the user's own program
);
CREATE TABLE state (
    id INTEGER PRIMARY KEY,
    verdict TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    version TEXT NOT NULL,
    cipher_suite TEXT NOT NULL,
    UNIQUE (verdict, outcome, reason, version, cipher_suite)
);
CREATE TABLE result (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    -- No index but the key, so that a run is added at one place: a cell is looked up in each run. For the
    -- same reason these are no REFERENCES, which would need an index each.
    cell INTEGER NOT NULL,
    definitions INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (run, cell)
) WITHOUT ROWID;
