-- What a reconcile keeps of a sheet that comes again and again.

-- Every opportunity that was confirmed or seen in a reconciled sheet. The number stays, and is the
-- place of its bit in runs.sighted.
CREATE TABLE opportunities (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    opportunity TEXT NOT NULL,           -- the key, as in entries
    row_digest BLOB NOT NULL DEFAULT x'',  -- of the source row all of which is confirmed, by its mapping; '' when
                                         -- it may not be, or several rows made the opportunity
    UNIQUE (account, opportunity)
);

-- The calls that are under way, or were when a process died.
CREATE INDEX entries_under_way ON entries (opportunity) WHERE state = 'sending';
-- Of the cells that the mapping uses, seeded with the mapping; '' where a row does not stand by itself.
ALTER TABLE entries ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
-- Rows that need no call and of which a reconcile keeps the count alone.
ALTER TABLE runs ADD COLUMN unchanged_rows INTEGER NOT NULL DEFAULT 0;
-- Which opportunities stood in a reconciled sheet: a bit for each number, compressed (zlib).
ALTER TABLE runs ADD COLUMN sighted BLOB NOT NULL DEFAULT x'';
-- JSON list: the mapped columns that held a value in some row; '' where that was not looked at.
ALTER TABLE runs ADD COLUMN filled_columns TEXT NOT NULL DEFAULT '';
