-- name: dossiers
-- The present state of the named dossiers.
SELECT d.key, d.id, d.origin, d.status, d.status_at, d.version, d.header_fingerprint, d.head_hash, d.step_at
FROM each_text(:keys) k CROSS JOIN lt_dossier d WHERE d.tenant = :tenant AND d.key = k.value

-- name: lanes
-- The lanes of these dossiers to these partners; locked, so that none comes to rest before it has its message.
SELECT l.dossier_id, l.partner, l.state, l.backfill
FROM each_text(:partners) p CROSS JOIN each_id(:dossiers) d CROSS JOIN lt_lane l
WHERE l.tenant = :tenant AND l.partner = p.value AND l.dossier_id = d.value
/*lock l*/

-- name: changes_by_source
-- What was told under these ids, with an effect or as a repeat of what was known.
SELECT c.source_key, c.fingerprint FROM each_text(:keys) k CROSS JOIN lt_change c
WHERE c.tenant = :tenant AND c.source_key = k.value
UNION ALL
SELECT r.source_key, r.fingerprint FROM each_text(:keys) k CROSS JOIN lt_repeat r
WHERE r.tenant = :tenant AND r.source_key = k.value

-- name: changes_by_step
SELECT c.step_key FROM each_text(:keys) k CROSS JOIN lt_change c WHERE c.tenant = :tenant AND c.step_key = k.value

-- name: insert_dossier
-- rows: id bigint, key text, code text, origin text, status bigint, status_at bigint, version bigint, header_fingerprint bytea, head_hash bytea, step_at bigint
INSERT INTO lt_dossier (tenant, id, key, code, origin, status, status_at, version, header_fingerprint, head_hash, step_at)
SELECT :tenant, r.id, r.key, r.code, r.origin, r.status, r.status_at, r.version, r.header_fingerprint, r.head_hash, r.step_at
FROM rows r

-- name: update_dossier
-- rows: id bigint, origin text, status bigint, status_at bigint, version bigint, header_fingerprint bytea, head_hash bytea, step_at bigint
UPDATE lt_dossier SET origin = r.origin, status = r.status, status_at = r.status_at, version = r.version,
    header_fingerprint = r.header_fingerprint, head_hash = r.head_hash, step_at = r.step_at
FROM rows r WHERE lt_dossier.tenant = :tenant AND lt_dossier.id = r.id

-- name: insert_change
-- rows: dossier_id bigint, version bigint, kind text, source text, source_id text, source_key text, step_key text, fingerprint bytea, advance text, accepted_at bigint, previous_hash bytea, hash bytea, body bytea, trace text
INSERT INTO lt_change (tenant, dossier_id, version, kind, source, source_id, source_key, step_key, fingerprint, advance,
    accepted_at, previous_hash, hash, body, trace)
SELECT :tenant, r.dossier_id, r.version, r.kind, r.source, r.source_id, r.source_key, r.step_key, r.fingerprint, r.advance,
    r.accepted_at, r.previous_hash, r.hash, r.body, r.trace
FROM rows r

-- name: insert_repeat
-- rows: source_key text, fingerprint bytea, at bigint
INSERT INTO lt_repeat (tenant, source_key, fingerprint, at) SELECT :tenant, r.source_key, r.fingerprint, r.at FROM rows r

-- name: insert_lane
-- rows: partner text, dossier_id bigint, due_at bigint, backfill bigint
INSERT INTO lt_lane (tenant, partner, dossier_id, state, due_at, token, backfill)
SELECT :tenant, r.partner, r.dossier_id, 'ready', r.due_at, 0, r.backfill FROM rows r

-- name: wake_lane
-- A lane that had nothing to do has something now; any other state goes on by itself. What is live pulls the lane along.
-- rows: partner text, dossier_id bigint, due_at bigint, backfill bigint
UPDATE lt_lane SET
    backfill = CASE WHEN state = 'idle' OR r.backfill = 0 THEN r.backfill ELSE lt_lane.backfill END,
    due_at = CASE WHEN state = 'idle' OR (lt_lane.backfill = 1 AND r.backfill = 0 AND lt_lane.due_at < r.due_at)
        THEN r.due_at ELSE lt_lane.due_at END,
    state = CASE WHEN state <> 'idle' THEN state WHEN paused = 1 THEN 'paused' ELSE 'ready' END
FROM rows r WHERE lt_lane.tenant = :tenant AND lt_lane.partner = r.partner AND lt_lane.dossier_id = r.dossier_id

-- name: insert_message
-- rows: partner text, dossier_id bigint, id bigint, version bigint, operation text, since bigint
INSERT INTO lt_message (tenant, partner, dossier_id, id, version, operation, state, attempts, since)
SELECT :tenant, r.partner, r.dossier_id, r.id, r.version, r.operation, 'pending', 0, r.since FROM rows r

-- name: known
SELECT d.key, d.header_fingerprint, d.status, d.status_at, d.id, d.version
FROM each_text(:keys) k CROSS JOIN lt_dossier d WHERE d.tenant = :tenant AND d.key = k.value

-- name: known_steps
SELECT c.dossier_id, c.step_key FROM each_id(:dossiers) d CROSS JOIN lt_change c
WHERE c.tenant = :tenant AND c.dossier_id = d.value AND c.step_key IS NOT NULL

-- name: chain
SELECT c.version, c.kind, c.source, c.source_id, c.fingerprint, c.accepted_at, c.previous_hash, c.hash, c.body
FROM lt_dossier d JOIN lt_change c ON c.tenant = d.tenant AND c.dossier_id = d.id
WHERE d.tenant = :tenant AND d.key = :key ORDER BY c.version

-- name: present_header
SELECT c.body FROM lt_dossier d JOIN lt_change c ON c.tenant = d.tenant AND c.dossier_id = d.id
WHERE d.tenant = :tenant AND d.key = :key AND c.kind = 'dossier' ORDER BY c.version DESC LIMIT 1

-- name: inbox_find
SELECT fingerprint FROM lt_inbox
WHERE tenant = :tenant AND source = :source AND kind = :kind AND event_id = :event_id

-- name: inbox_keep
INSERT INTO lt_inbox (tenant, source, kind, event_id, dossier_key, fingerprint, received_at, body)
VALUES (:tenant, :source, :kind, :event_id, :dossier_key, :fingerprint, :received_at, :body)
ON CONFLICT (tenant, source, kind, event_id) DO UPDATE
SET dossier_key = excluded.dossier_key, fingerprint = excluded.fingerprint, received_at = excluded.received_at,
    body = excluded.body

-- name: inbox_place
UPDATE lt_inbox SET dossier_key = :dossier_key
WHERE tenant = :tenant AND source = :source AND kind = :kind AND event_id = :event_id AND dossier_key IS NULL
RETURNING 1

-- name: inbox_list
SELECT received_at, source, kind, event_id, dossier_key FROM lt_inbox WHERE tenant = :tenant ORDER BY received_at, event_id

-- name: savepoint
SAVEPOINT received

-- name: rollback_to_savepoint
ROLLBACK TO SAVEPOINT received
