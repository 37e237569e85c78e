-- name: partner_row
SELECT p.failures, p.hold_until, p.trial_until, p.slowdown, p.arrival, p.paused, p.control FROM lt_partner p
WHERE p.tenant = :tenant AND p.partner = :partner

-- name: partner_row_locked
SELECT p.failures, p.hold_until, p.trial_until, p.slowdown, p.arrival, p.paused, p.control FROM lt_partner p
WHERE p.tenant = :tenant AND p.partner = :partner
/*lock p*/

-- name: start_partner
INSERT INTO lt_partner (tenant, partner) VALUES (:tenant, :partner) ON CONFLICT DO NOTHING

-- name: set_partner
UPDATE lt_partner SET failures = :failures, hold_until = :hold_until, trial_until = :trial_until, slowdown = :slowdown,
    arrival = :arrival
WHERE tenant = :tenant AND partner = :partner

-- name: pause_partner
UPDATE lt_partner SET paused = :paused WHERE tenant = :tenant AND partner = :partner

-- name: set_control
UPDATE lt_partner SET control = :control WHERE tenant = :tenant AND partner = :partner

-- name: partner_rows
SELECT partner, failures, hold_until, trial_until, slowdown, arrival, paused, control FROM lt_partner
WHERE tenant = :tenant ORDER BY partner

-- name: lane_of
SELECT l.state, l.paused FROM lt_dossier d JOIN lt_lane l ON l.tenant = d.tenant AND l.dossier_id = d.id
WHERE d.tenant = :tenant AND d.key = :key AND l.partner = :partner

-- name: pause_lane
UPDATE lt_lane SET paused = :paused,
    state = CASE WHEN :paused = 1 AND state = 'ready' THEN 'paused' WHEN :paused = 0 AND state = 'paused' THEN 'ready'
        ELSE state END
WHERE tenant = :tenant AND partner = :partner
    AND dossier_id = (SELECT d.id FROM lt_dossier d WHERE d.tenant = :tenant AND d.key = :key)

-- name: paused_lanes
SELECT l.partner, d.code, l.state FROM lt_lane l JOIN lt_dossier d ON d.tenant = l.tenant AND d.id = l.dossier_id
WHERE l.tenant = :tenant AND l.paused = 1 ORDER BY l.partner, d.code

-- name: see_worker
INSERT INTO lt_worker (tenant, partner, worker, place, release, started_at, seen_at, lanes)
VALUES (:tenant, :partner, :worker, :place, :release, :now, :now, :lanes)
ON CONFLICT (tenant, partner, worker) DO UPDATE SET seen_at = excluded.seen_at, lanes = excluded.lanes

-- name: worker_drains
SELECT draining FROM lt_worker WHERE tenant = :tenant AND partner = :partner AND worker = :worker

-- name: drain_workers
UPDATE lt_worker SET draining = 1 WHERE tenant = :tenant AND (:place = '' OR place = :place)

-- name: forget_worker
DELETE FROM lt_worker WHERE tenant = :tenant AND partner = :partner AND worker = :worker

-- name: forget_workers
DELETE FROM lt_worker WHERE tenant = :tenant AND seen_at < :before

-- name: workers
SELECT partner, worker, place, release, started_at, seen_at, draining, lanes FROM lt_worker
WHERE tenant = :tenant ORDER BY place, partner, worker

-- name: audit_last
SELECT n, hash FROM lt_audit WHERE tenant = :tenant ORDER BY n DESC LIMIT 1

-- name: audit_append
INSERT INTO lt_audit (tenant, n, at, actor, action, subject, reason, detail, previous_hash, hash)
VALUES (:tenant, :n, :at, :actor, :action, :subject, :reason, :detail, :previous_hash, :hash)

-- name: audit_entries
SELECT n, at, actor, action, subject, reason, detail, previous_hash, hash FROM lt_audit
WHERE tenant = :tenant AND n > :after ORDER BY n LIMIT :want

-- name: dead_rows
SELECT e.id, e.partner, e.dossier_id, e.operation, e.version, e.code, d.key, c.kind
FROM each_id(:ids) w CROSS JOIN lt_dead e CROSS JOIN lt_dossier d CROSS JOIN lt_change c
WHERE e.tenant = :tenant AND e.id = w.value AND d.tenant = :tenant AND d.id = e.dossier_id
    AND c.tenant = :tenant AND c.dossier_id = e.dossier_id AND c.version = e.version
ORDER BY e.id

-- name: steps_told
SELECT told.id, told.version, told.operation, told.state, c.advance, c.body
FROM (
    SELECT id, version, operation, state FROM lt_message
    WHERE tenant = :tenant AND partner = :partner AND dossier_id = :dossier_id
    UNION ALL SELECT id, version, operation, 'dead' FROM lt_dead
    WHERE tenant = :tenant AND partner = :partner AND dossier_id = :dossier_id
    UNION ALL SELECT id, version, operation, state FROM lt_done
    WHERE tenant = :tenant AND partner = :partner AND dossier_id = :dossier_id) told
JOIN lt_change c ON c.tenant = :tenant AND c.dossier_id = :dossier_id AND c.version = told.version
WHERE c.kind = 'step' ORDER BY told.id

-- name: lower_step_at
UPDATE lt_dossier SET step_at = :step_at WHERE tenant = :tenant AND id = :dossier_id AND step_at = :was

-- name: revive_message
-- rows: id bigint, state text, now bigint
INSERT INTO lt_message (tenant, partner, dossier_id, id, version, operation, state, attempts, since)
SELECT e.tenant, e.partner, e.dossier_id, e.id, e.version, e.operation, r.state, e.attempts, r.now
FROM rows r CROSS JOIN lt_dead e WHERE e.tenant = :tenant AND e.id = r.id

-- name: finish_dead
-- rows: id bigint, state text, now bigint, reason text
INSERT INTO lt_done (tenant, partner, dossier_id, id, version, operation, state, attempts, since, ended_at, code, text)
SELECT e.tenant, e.partner, e.dossier_id, e.id, e.version, e.operation, r.state, e.attempts, e.since, r.now, e.code, r.reason
FROM rows r CROSS JOIN lt_dead e WHERE e.tenant = :tenant AND e.id = r.id

-- name: remove_dead
-- rows: id bigint
DELETE FROM lt_dead USING rows r
WHERE lt_dead.tenant = :tenant AND lt_dead.id = r.id

-- name: lock_lane
SELECT l.state FROM lt_lane l WHERE l.tenant = :tenant AND l.partner = :partner AND l.dossier_id = :dossier_id
/*lock l*/

-- name: renew_horizon
-- What waited behind a dead letter was never given a chance: its time begins with that of the head.
-- rows: partner text, dossier_id bigint, now bigint
UPDATE lt_message SET since = r.now FROM rows r
WHERE lt_message.tenant = :tenant AND lt_message.partner = r.partner AND lt_message.dossier_id = r.dossier_id
    AND lt_message.state = 'pending'

-- name: reopen_lane
-- rows: partner text, dossier_id bigint, due_at bigint, established bigint
UPDATE lt_lane SET due_at = r.due_at, established = CASE WHEN r.established = 1 THEN 1 ELSE lt_lane.established END,
    state = CASE WHEN EXISTS (SELECT 1 FROM lt_dead e WHERE e.tenant = :tenant AND e.partner = r.partner
            AND e.dossier_id = r.dossier_id) THEN 'blocked'
        WHEN NOT EXISTS (SELECT 1 FROM lt_message m WHERE m.tenant = :tenant AND m.partner = r.partner
            AND m.dossier_id = r.dossier_id) THEN 'idle'
        WHEN paused = 1 THEN 'paused' ELSE 'ready' END
FROM rows r WHERE lt_lane.tenant = :tenant AND lt_lane.partner = r.partner AND lt_lane.dossier_id = r.dossier_id
    AND lt_lane.state = 'blocked'
