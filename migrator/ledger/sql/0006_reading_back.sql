-- What LeadSquared held of an opportunity before a run's first call to it: SchemaName to value as a
-- read shows it. A field that the read did not show is not in it.
CREATE TABLE before_images (
    run INTEGER NOT NULL,
    opportunity TEXT NOT NULL,           -- the GUID in lower case
    shown TEXT NOT NULL,                 -- JSON object; null: LeadSquared does not know the opportunity
    read_at REAL NOT NULL,
    PRIMARY KEY (run, opportunity)
) WITHOUT ROWID;

-- What a read of the CRM shows otherwise than it should be.
CREATE TABLE differences (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    schema_name TEXT NOT NULL,
    kind TEXT NOT NULL,                  -- 'lost': not as the run wrote it; 'conflict': somebody else
                                         -- changed it, so it is not sent; 'kept': edited, so not undone
    wanted TEXT NOT NULL,                -- what the run wrote, or was to write
    found TEXT NOT NULL,                 -- what the CRM shows
    seen_at REAL NOT NULL,
    PRIMARY KEY (run, number, kind, schema_name)
) WITHOUT ROWID;

-- Whether before-images are kept: 'wanted', or 'none' as --no-before-image or a person said.
ALTER TABLE runs ADD COLUMN before_image TEXT NOT NULL DEFAULT 'none';
-- When a read showed every value that the entry wrote, or a later one of this ledger; 0: not yet.
ALTER TABLE entries ADD COLUMN verified_at REAL NOT NULL DEFAULT 0;
