-- What is done with a note of which no read can tell whether it is there, as the mapping said when
-- the run was planned: 'at_most_once' or 'at_least_once'.
ALTER TABLE runs ADD COLUMN notes TEXT NOT NULL DEFAULT 'at_most_once';
