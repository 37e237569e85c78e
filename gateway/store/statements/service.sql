-- name: add_key
INSERT INTO lt_api_key (tenant, id, name, hash, rights, agencies, created_at, expires_at)
VALUES (:tenant, :id, :name, :hash, :rights, :agencies, :created_at, :expires_at)

-- name: key_by_id
SELECT id, name, hash, rights, agencies, created_at, expires_at, revoked_at FROM lt_api_key
WHERE tenant = :tenant AND id = :id

-- name: keys
SELECT id, name, hash, rights, agencies, created_at, expires_at, revoked_at FROM lt_api_key
WHERE tenant = :tenant ORDER BY name, created_at, id

-- name: revoke_key
UPDATE lt_api_key SET revoked_at = :at WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL

-- name: end_key
-- A key's end only moves nearer.
UPDATE lt_api_key SET expires_at = :at WHERE tenant = :tenant AND id = :id AND expires_at > :at

-- name: answers
SELECT a.request_key, a.fingerprint, a.status, a.body FROM each_text(:keys) k CROSS JOIN lt_answer a
WHERE a.tenant = :tenant AND a.request_key = k.value

-- name: keep_answer
-- rows: request_key text, fingerprint bytea, status bigint, body bytea, at bigint
INSERT INTO lt_answer (tenant, request_key, fingerprint, status, body, at)
SELECT :tenant, r.request_key, r.fingerprint, r.status, r.body, r.at FROM rows r

-- name: delete_answers
DELETE FROM lt_answer WHERE tenant = :tenant AND request_key IN (
    SELECT request_key FROM lt_answer WHERE tenant = :tenant AND at < :before ORDER BY at LIMIT :want
    /*skip locked lt_answer*/)
RETURNING 1

-- name: add_job
INSERT INTO lt_job (tenant, id, kind, client, state, place, detail, started_at, changed_at)
VALUES (:tenant, :id, :kind, :client, 'waiting', '', :detail, :at, :at)

-- name: job
SELECT id, kind, client, state, detail, started_at, changed_at, turn FROM lt_job WHERE tenant = :tenant AND id = :id

-- name: take_job
-- A job that waits, or whose worker has not been heard of since :silent.
UPDATE lt_job SET state = 'running', place = :place, turn = turn + 1, changed_at = :at
WHERE tenant = :tenant AND id = :id AND (state = 'waiting' OR (state = 'running' AND changed_at < :silent))
RETURNING turn, detail

-- name: note_job
-- Only who has it now, by place and turn, may say how far a job is, or how it ended.
UPDATE lt_job SET state = :state, detail = :detail, changed_at = :at
WHERE tenant = :tenant AND id = :id AND place = :place AND turn = :turn AND state = 'running'
RETURNING 1

-- name: keep_job
-- Its worker lives, also while it has nothing to tell.
UPDATE lt_job SET changed_at = :at
WHERE tenant = :tenant AND id = :id AND place = :place AND turn = :turn AND state = 'running'

-- name: delete_jobs
DELETE FROM lt_job WHERE tenant = :tenant AND id IN (
    SELECT id FROM lt_job WHERE tenant = :tenant AND changed_at < :before AND state NOT IN ('waiting', 'running')
    ORDER BY changed_at LIMIT :want /*skip locked lt_job*/)
RETURNING 1

-- name: hear_of_job
-- A job that waits, or whose worker has not been heard of since :silent, is not lost: what it needs is there.
UPDATE lt_job SET state = 'waiting', place = '', changed_at = :at
WHERE tenant = :tenant AND id = :id AND (state = 'waiting' OR (state = 'running' AND changed_at < :silent))

-- name: silent_jobs
SELECT id, changed_at FROM lt_job
WHERE tenant = :tenant AND kind = :kind AND state IN ('waiting', 'running') AND changed_at < :silent
ORDER BY changed_at LIMIT :want

-- name: end_silent_job
-- Unless it was heard of meanwhile.
UPDATE lt_job SET state = 'failed', place = '', detail = :detail, changed_at = :at
WHERE tenant = :tenant AND id = :id AND state IN ('waiting', 'running') AND changed_at < :silent
RETURNING 1

-- name: give_back_job
UPDATE lt_job SET state = 'waiting', place = '', changed_at = :at
WHERE tenant = :tenant AND id = :id AND place = :place AND turn = :turn AND state = 'running'
