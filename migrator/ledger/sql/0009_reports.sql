-- What a report tells of a run, and the ledger did not hold.

-- The text of each mapping by which a run was planned, keys taken out of it; each text once.
CREATE TABLE mapping_texts (
    text_digest TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;
-- Names its text; '' where that was not kept, as by a migrator older than this table.
ALTER TABLE runs ADD COLUMN mapping_text_digest TEXT NOT NULL DEFAULT '';
-- Each time that a command sent rows of a run.
CREATE TABLE dispatches (
    run INTEGER NOT NULL,
    began_at REAL NOT NULL,
    ended_at REAL NOT NULL DEFAULT 0,    -- 0: it goes on, or the process died
    version TEXT NOT NULL,               -- migrator's
    host TEXT NOT NULL,
    calls INTEGER NOT NULL,              -- the account's limit as it was known at the end: so many calls
    seconds REAL NOT NULL,               -- in so many seconds
    PRIMARY KEY (run, began_at)
) WITHOUT ROWID;
