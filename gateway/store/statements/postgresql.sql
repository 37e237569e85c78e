-- name: new_ids
SELECT nextval('lt_id') FROM generate_series(1, :count)

-- name: lock_dossiers
-- Producers of the same dossier take turns until the transaction ends, also when it is not in the ledger yet.
SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/' || k.value, 0))
FROM (SELECT value FROM each_text(:keys) e ORDER BY value) k

-- name: head_messages
-- As the common one. Here the first messages of each lane are found once and before all else: otherwise each message of a
-- long lane is asked whether it is among them.
WITH m AS MATERIALIZED (
    SELECT x.dossier_id, x.id, x.version, x.operation, x.state, x.attempts, x.since
    FROM each_id(:lanes) w
    CROSS JOIN LATERAL (
        SELECT * FROM lt_message o WHERE o.tenant = :tenant AND o.partner = :partner AND o.dossier_id = w.value
        ORDER BY o.id LIMIT :depth) x)
SELECT m.dossier_id, m.id, m.operation, m.state, m.attempts, m.since, c.body, c.hash, c.advance, d.code, c.trace
FROM m
JOIN lt_change c ON c.tenant = :tenant AND c.dossier_id = m.dossier_id AND c.version = m.version
JOIN lt_dossier d ON d.tenant = :tenant AND d.id = m.dossier_id
ORDER BY m.dossier_id, m.id

-- name: lock_audit
SELECT pg_advisory_xact_lock(hashtextextended('audit/' || :tenant, 0))

-- name: add_tally
-- rows: partner text, what text, n bigint
INSERT INTO lt_tally (tenant, partner, what, n) SELECT :tenant, r.partner, r.what, r.n FROM rows r

-- name: fold_tally
-- Rows under another folder's hands are left to it.
WITH gone AS (
    DELETE FROM lt_tally WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM lt_tally WHERE tenant = :tenant LIMIT :want FOR UPDATE SKIP LOCKED))
    RETURNING partner, what, n),
kept AS (
    INSERT INTO lt_tally (tenant, partner, what, n) SELECT :tenant, partner, what, sum(n) FROM gone GROUP BY partner, what)
SELECT count(*) FROM gone

-- name: announce
-- Whoever waits for work of these partners hears of it when this commits.
SELECT pg_notify('lt_work', :tenant || '/' || value) FROM each_text(:partners) e

-- name: server_clock
SELECT clock_timestamp()

-- name: take_requests
-- Whether nobody else works on these requests now; lasts until the transaction ends.
SELECT k.value, pg_try_advisory_xact_lock(hashtextextended('request/' || :tenant || '/' || k.value, 0))
FROM each_text(:keys) k

-- name: lock_alike
-- Copies of one notice that come in at once take turns, wherever they came in.
SELECT pg_advisory_xact_lock(hashtextextended('notice/' || :tenant || '/' || :partner || '/' || :fingerprint, 0))
