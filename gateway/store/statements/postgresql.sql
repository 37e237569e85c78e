-- name: new_ids
SELECT nextval('lt_id') FROM generate_series(1, :count)

-- name: lock_dossiers
-- Producers of the same dossier take turns until the transaction ends, also when it is not in the ledger yet.
SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/' || k.value, 0))
FROM (SELECT value FROM each_text(:keys) e ORDER BY value) k

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
    RETURNING partner, what, n)
INSERT INTO lt_tally (tenant, partner, what, n) SELECT :tenant, partner, what, sum(n) FROM gone GROUP BY partner, what

-- name: announce
-- Whoever waits for work of these partners hears of it when this commits.
SELECT pg_notify('lt_work', :tenant || '/' || value) FROM each_text(:partners) e

-- name: server_clock
SELECT clock_timestamp()
