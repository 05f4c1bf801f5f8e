-- When the cells and values of a run were removed from the ledger; 0: they are there.
ALTER TABLE runs ADD COLUMN pruned_at REAL NOT NULL DEFAULT 0;
