-- What people ask a ledger, in words: documented in docs/ledger.md, and kept as it is there.

CREATE VIEW balance AS
SELECT 'r' || r.run || '-' || l.tag AS run, r.source_name AS source, r.mapping_name AS mapping,
    r.kind, r.state AS run_state, e.state, count(*) AS rows, sum(e.attempts) AS calls
FROM runs r CROSS JOIN ledger l JOIN entries e ON e.run = r.run
WHERE r.state <> 'planning' GROUP BY r.run, e.state
UNION ALL
SELECT 'r' || r.run || '-' || l.tag, r.source_name, r.mapping_name, r.kind, r.state,
    'unchanged, not kept', r.unchanged_rows, 0
FROM runs r CROSS JOIN ledger l WHERE r.state <> 'planning' AND r.unchanged_rows > 0;

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

CREATE VIEW calls AS
SELECT 'r' || a.run || '-' || l.tag AS run, e.file, e.row, e.opportunity_id, a.attempt,
    datetime(a.started_at, 'unixepoch') AS started_at,
    iif(a.finished_at > 0, datetime(a.finished_at, 'unixepoch'), '') AS finished_at,
    iif(a.finished_at > 0, round(a.finished_at - a.started_at, 3), NULL) AS seconds,
    a.with_note, a.verdict, a.http_status, a.exception, a.message
FROM attempts a CROSS JOIN ledger l JOIN entries e ON e.run = a.run AND e.number = a.number;
