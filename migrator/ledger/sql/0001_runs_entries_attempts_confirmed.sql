-- The ledger, version 1. Times are seconds since 1970 in UTC. Digests are hexadecimal.

CREATE TABLE ledger (
    tag TEXT NOT NULL,                   -- six digits in every run id: which ledger it is of
    created_at REAL NOT NULL
);

-- Which account a host and a key belong to, as the CRM told it, or as --same-account joined it.
CREATE TABLE accounts (
    host TEXT NOT NULL,
    key_digest TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (host, key_digest)
) WITHOUT ROWID;

CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,                  -- 'update', 'reconcile' or 'undo'
    parent INTEGER NOT NULL DEFAULT 0,   -- the run that it mends or takes back; 0: none
    state TEXT NOT NULL,                 -- 'planning', 'ready', 'open', 'finished' or 'closed'
    account TEXT NOT NULL,
    source_name TEXT NOT NULL,
    mapping_name TEXT NOT NULL,
    mapping_digest TEXT NOT NULL,
    content_digest TEXT NOT NULL DEFAULT '', -- of header and cell texts
    event_code INTEGER NOT NULL,         -- the opportunity type
    columns TEXT NOT NULL,               -- JSON list: the header
    schema_names TEXT NOT NULL,          -- JSON list: the mapping's order
    rows_read INTEGER NOT NULL DEFAULT 0, -- without blank ones
    blank_rows INTEGER NOT NULL DEFAULT 0,
    notes_left_out INTEGER NOT NULL DEFAULT 0, -- rows without their note, since it is there
    holder TEXT NOT NULL DEFAULT '',     -- the process that works on it, in words
    created_at REAL NOT NULL,
    finished_at REAL NOT NULL DEFAULT 0
);

CREATE TABLE entries (
    run INTEGER NOT NULL REFERENCES runs (run),
    number INTEGER NOT NULL,             -- in the order of the source
    file TEXT NOT NULL,
    sheet TEXT NOT NULL,
    row INTEGER NOT NULL,                -- the number that Excel shows
    line INTEGER NOT NULL,               -- of a text file; a record may go over several
    cells TEXT NOT NULL,                 -- JSON list in the order of runs.columns
    opportunity TEXT NOT NULL,           -- the key: the GUID in lower case, else type:AutoId; '' when rejected
    opportunity_id TEXT NOT NULL,        -- as it is sent
    id_kind TEXT NOT NULL,               -- 'guid' or 'auto_id'; '' when rejected
    note TEXT NOT NULL,                  -- as it is sent
    field_values TEXT NOT NULL,          -- JSON list in the order of runs.schema_names; null: left alone
    place_run INTEGER NOT NULL,          -- its place in time over all runs; a mended copy has its original's
    place_number INTEGER NOT NULL,
    state TEXT NOT NULL,
    doubt TEXT,                          -- 'all' or 'note' where the state is in_doubt
    needs_call INTEGER NOT NULL DEFAULT 0,  -- 1: planned when the plan was sealed
    leave_note_out INTEGER NOT NULL DEFAULT 0, -- 1: the note is not sent
    note_twice INTEGER NOT NULL DEFAULT 0,  -- 1: sent again after an answer was lost: the note is possibly there twice
    attempts INTEGER NOT NULL DEFAULT 0, -- updates that were sent for it
    attempted_at REAL NOT NULL DEFAULT 0,
    http_status INTEGER NOT NULL DEFAULT 0,
    exception TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',    -- LeadSquared's words of the last answer
    waits_for INTEGER NOT NULL DEFAULT 0,   -- the number of the earlier entry it waits for
    problems TEXT NOT NULL DEFAULT '',   -- JSON list, of rejected entries
    other_run INTEGER,                   -- the entry that stands in this one's place
    other_number INTEGER,
    updated_at REAL NOT NULL,
    PRIMARY KEY (run, number)
);

CREATE INDEX entries_by_opportunity ON entries (opportunity, place_run, place_number);
CREATE INDEX entries_to_send ON entries (run, number)
    WHERE state IN ('planned', 'sending', 'in_doubt');
CREATE INDEX entries_in_doubt ON entries (opportunity) WHERE state = 'in_doubt';

CREATE TABLE attempts (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL NOT NULL DEFAULT 0,
    with_note INTEGER NOT NULL,
    verdict TEXT NOT NULL DEFAULT '',    -- '' while no answer is known
    http_status INTEGER NOT NULL DEFAULT 0,
    exception TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run, number, attempt)
) WITHOUT ROWID;

-- What is confirmed per opportunity, by a success or by a read of the CRM; digests only.
CREATE TABLE confirmed (
    account TEXT NOT NULL,
    opportunity TEXT NOT NULL,
    value_digests TEXT NOT NULL,         -- JSON object: SchemaName to digest
    note_counts TEXT NOT NULL,           -- JSON object: digest to how often
    last_note TEXT NOT NULL,             -- digest, '' when none is known
    place_run INTEGER NOT NULL,
    place_number INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    PRIMARY KEY (account, opportunity)
) WITHOUT ROWID;

-- The GUID that a success told for an AutoId.
CREATE TABLE auto_ids (
    account TEXT NOT NULL,
    auto_key TEXT NOT NULL,
    guid TEXT NOT NULL,
    PRIMARY KEY (account, auto_key)
) WITHOUT ROWID;
