-- What LeadSquared listed of a lead when `ids` asked for its opportunities.
CREATE TABLE lookups (
    account TEXT NOT NULL,
    event_code INTEGER NOT NULL,         -- the opportunity type that was asked for
    key_name TEXT NOT NULL,              -- SchemaName of the lead field; '' for the lead's id
    key_text TEXT NOT NULL,              -- its value: an id, a mail address, a phone number
    columns TEXT NOT NULL,               -- JSON: the fields that were asked for
    found TEXT NOT NULL,                 -- JSON: [[id, {SchemaName: value}], ...]
    problem TEXT NOT NULL,               -- why it could not be told; '' if it was
    asked_at REAL NOT NULL,              -- wall time
    PRIMARY KEY (account, event_code, key_name, key_text)
) WITHOUT ROWID;
