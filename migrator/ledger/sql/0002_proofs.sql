-- What a read of the CRM (or a person) has proved an account to do: write a field that has to be
-- switched on, clear a field.
CREATE TABLE proofs (
    account TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    kind TEXT NOT NULL,                  -- 'written' or 'cleared'
    proved_by TEXT NOT NULL,             -- 'read' or 'person'
    proved_at REAL NOT NULL,
    PRIMARY KEY (account, schema_name, kind)
) WITHOUT ROWID;
