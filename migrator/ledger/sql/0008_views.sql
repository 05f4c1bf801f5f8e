-- What people ask a ledger, in words: documented in docs/ledger.md, and kept as it is there.

-- A row for each run and state: how many source rows stand in it.
--   run: the run in full, such as r1-9f2c1a
--   source: the source's name
--   mapping: the mapping's name
--   kind: update, reconcile or undo
--   run_state: ready, open, finished or closed
--   state: the state of the rows (what each means: docs/ledger-proves.md)
--   rows: how many
--   calls: updates that were sent for them, every attempt counted
CREATE VIEW balance AS
SELECT 'r' || r.run || '-' || l.tag AS run, r.source_name AS source, r.mapping_name AS mapping,
    r.kind, r.state AS run_state, e.state, count(*) AS rows, sum(e.attempts) AS calls
FROM runs r CROSS JOIN ledger l JOIN entries e ON e.run = r.run
WHERE r.state <> 'planning' GROUP BY r.run, e.state
UNION ALL
SELECT 'r' || r.run || '-' || l.tag, r.source_name, r.mapping_name, r.kind, r.state,
    'unchanged, not kept', r.unchanged_rows, 0
FROM runs r CROSS JOIN ledger l WHERE r.state <> 'planning' AND r.unchanged_rows > 0;

-- A row for each source row that failed, was rejected or is in doubt.
--   run: the run in full
--   file: the source row's file
--   row: the number that Excel shows
--   opportunity_id: as the sheet has it
--   state: failed, rejected or in_doubt
--   doubt: all or note, where the state is in_doubt
--   exception: LeadSquared's ExceptionType, where it named one
--   http_status: of the last answer, 0 where there was none
--   attempts: updates that were sent for it
--   problems: of a rejected row, the kinds of what is wrong with it
--   message: LeadSquared's words, or those of the mapper
--   updated_at: when it came to this state
CREATE VIEW failures AS
SELECT 'r' || e.run || '-' || l.tag AS run, e.file, e.row, e.opportunity_id, e.state,
    coalesce(e.doubt, '') AS doubt, e.exception, e.http_status, e.attempts,
    coalesce((SELECT group_concat(json_extract(p.value, '$.code'), ', ')
        FROM json_each(iif(e.problems = '', '[]', e.problems)) p), '') AS problems,
    coalesce(nullif(e.message, ''), (SELECT group_concat(json_extract(p.value, '$.reason'), '; ')
        FROM json_each(iif(e.problems = '', '[]', e.problems)) p), '') AS message,
    datetime(e.updated_at, 'unixepoch') AS updated_at
FROM entries e CROSS JOIN ledger l JOIN runs r ON r.run = e.run
WHERE r.state <> 'planning' AND e.state IN ('failed', 'rejected', 'in_doubt');

-- A row for each update that was sent, every attempt.
--   run: the run in full
--   file: the source row's file
--   row: the number that Excel shows
--   opportunity_id: as the sheet has it
--   attempt: 1 for the first
--   started_at: when it left
--   finished_at: when it was answered, or given up; blank where that is not known
--   seconds: from the one to the other
--   with_note: 1 where the note was sent, too
--   verdict: what the answer meant (docs/verdicts.md); blank while none is known
--   http_status: of the answer, 0 where there was none
--   exception: LeadSquared's ExceptionType, where it named one
--   message: LeadSquared's words
CREATE VIEW calls AS
SELECT 'r' || a.run || '-' || l.tag AS run, e.file, e.row, e.opportunity_id, a.attempt,
    datetime(a.started_at, 'unixepoch') AS started_at,
    iif(a.finished_at > 0, datetime(a.finished_at, 'unixepoch'), '') AS finished_at,
    iif(a.finished_at > 0, round(a.finished_at - a.started_at, 3), NULL) AS seconds,
    a.with_note, a.verdict, a.http_status, a.exception, a.message
FROM attempts a CROSS JOIN ledger l JOIN entries e ON e.run = a.run AND e.number = a.number;
