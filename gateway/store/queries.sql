-- name: allocate
-- A block of ids, so that rows can be written in bulk and still know each other. Takes the write lock.
UPDATE lt_counter SET next = next + :count WHERE name = :name RETURNING next - :count

-- name: start_counter
INSERT INTO lt_counter (name, next) VALUES (:name, 1) ON CONFLICT DO NOTHING

-- name: dossiers
-- The present state of the named dossiers, with their lane to each partner.
SELECT d.key, d.id, d.origin, d.status, d.status_at, d.version, d.header_fingerprint, d.head_hash, d.step_at
FROM json_each(:keys) k CROSS JOIN lt_dossier d WHERE d.tenant = :tenant AND d.key = k.value

-- name: lanes
SELECT l.dossier_id, l.partner, l.id, l.state FROM lt_lane l JOIN json_each(:dossiers) d ON l.dossier_id = d.value

-- name: changes_by_source
-- What was told under these ids, with an effect or as a repeat of what was known.
SELECT c.source_key, c.fingerprint FROM lt_change c JOIN json_each(:keys) k ON c.source_key = k.value
UNION ALL
SELECT r.source_key, r.fingerprint FROM lt_repeat r JOIN json_each(:keys) k ON r.source_key = k.value

-- name: changes_by_step
SELECT c.step_key FROM lt_change c JOIN json_each(:keys) k ON c.step_key = k.value

-- name: insert_dossier
INSERT INTO lt_dossier (id, tenant, key, code, origin, status, status_at, version, header_fingerprint, head_hash, step_at)
VALUES (:id, :tenant, :key, :code, :origin, :status, :status_at, :version, :header_fingerprint, :head_hash, :step_at)

-- name: update_dossier
UPDATE lt_dossier SET origin = :origin, status = :status, status_at = :status_at, version = :version,
    header_fingerprint = :header_fingerprint, head_hash = :head_hash, step_at = :step_at
WHERE id = :id

-- name: insert_change
INSERT INTO lt_change (id, dossier_id, version, kind, source, source_id, source_key, step_key, fingerprint, advance,
    accepted_at, previous_hash, hash, body)
VALUES (:id, :dossier_id, :version, :kind, :source, :source_id, :source_key, :step_key, :fingerprint, :advance,
    :accepted_at, :previous_hash, :hash, :body)

-- name: insert_lane
INSERT INTO lt_lane (id, tenant, partner, dossier_id, state, due_at, token, established)
VALUES (:id, :tenant, :partner, :dossier_id, 'ready', :now, 0, 0)

-- name: wake_lane
-- A lane that had nothing to do has something now. Any other state goes on by itself.
UPDATE lt_lane SET state = 'ready', due_at = :now WHERE id = :id AND state = 'idle'

-- name: insert_message
INSERT INTO lt_message (id, lane_id, change_id, operation, state, attempts, since)
VALUES (:id, :lane_id, :change_id, :operation, 'pending', 0, :now)

-- name: insert_repeat
INSERT INTO lt_repeat (source_key, fingerprint) VALUES (:source_key, :fingerprint)

-- name: expire_messages
-- The lease ran out: the calls may have happened.
UPDATE lt_message SET state = 'unknown' WHERE state = 'in_flight' AND state <> 'delivered' AND lane_id IN (
    SELECT id FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'leased' AND lease_until <= :now)

-- name: expire_lanes
UPDATE lt_lane SET state = 'ready', due_at = :now, token = token + 1, worker = NULL
WHERE tenant = :tenant AND partner = :partner AND state = 'leased' AND lease_until <= :now

-- name: has_expired
SELECT 1 FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'leased' AND lease_until <= :now LIMIT 1

-- name: live_tokens
SELECT l.id, l.token FROM lt_lane l JOIN json_each(:lanes) w ON l.id = w.value WHERE l.state = 'leased'

-- name: message_states
SELECT m.id, m.state FROM lt_message m JOIN json_each(:messages) w ON m.id = w.value

-- name: settle_message
UPDATE lt_message SET state = :state, attempts = attempts + :tries, ended_at = :ended_at, code = :code, text = :text
WHERE id = :id

-- name: insert_attempt
INSERT INTO lt_attempt (id, message_id, kind, at, took_us, outcome, code, text)
VALUES (:id, :message_id, :kind, :at, :took_us, :outcome, :code, :text)

-- name: give_back_lane
-- The next message of the lane becomes its head; without one the lane rests.
UPDATE lt_lane SET worker = NULL, established = max(established, :established), due_at = coalesce(:due_at, due_at),
    state = CASE WHEN :blocked THEN 'blocked'
        WHEN EXISTS (SELECT 1 FROM lt_message m WHERE m.lane_id = lt_lane.id AND m.state <> 'delivered') THEN 'ready'
        ELSE 'idle' END
WHERE id = :id

-- name: claim_lanes
UPDATE lt_lane SET state = 'leased', token = token + 1, worker = :worker, lease_until = :lease_until
WHERE id IN (SELECT id FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'ready' AND due_at <= :now
    ORDER BY due_at LIMIT :want)
RETURNING id, token, established, dossier_id

-- name: claim_messages
-- The first open messages of each lane, at most :depth, with the frozen body.
SELECT m.lane_id, m.id, m.operation, m.state, m.attempts, m.since, c.body, c.hash, c.advance, d.code
FROM json_each(:lanes) w
JOIN lt_message m ON m.lane_id = w.value AND m.id IN (
    SELECT x.id FROM lt_message x WHERE x.lane_id = w.value AND x.state <> 'delivered' ORDER BY x.id LIMIT :depth)
JOIN lt_change c ON c.id = m.change_id
JOIN lt_dossier d ON d.id = c.dossier_id
ORDER BY m.lane_id, m.id

-- name: fly_message
UPDATE lt_message SET state = 'in_flight' WHERE id = :id

-- name: partner_state
SELECT failures, hold_until FROM lt_partner WHERE tenant = :tenant AND partner = :partner

-- name: set_partner_state
-- A process that did not hear of a hold does not end it: the longer one counts.
INSERT INTO lt_partner (tenant, partner, failures, hold_until) VALUES (:tenant, :partner, :failures, :hold_until)
ON CONFLICT (tenant, partner) DO UPDATE SET failures = excluded.failures,
    hold_until = CASE WHEN lt_partner.hold_until > coalesce(excluded.hold_until, 0) THEN lt_partner.hold_until
        ELSE excluded.hold_until END

-- name: next_due
SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'ready'
    UNION ALL
    SELECT min(lease_until) FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'leased') due

-- name: known
SELECT d.key, d.header_fingerprint, d.status, d.status_at, d.id, d.version
FROM json_each(:keys) k CROSS JOIN lt_dossier d WHERE d.tenant = :tenant AND d.key = k.value

-- name: known_steps
SELECT c.dossier_id, c.step_key FROM lt_change c JOIN json_each(:dossiers) d ON c.dossier_id = d.value
WHERE c.step_key IS NOT NULL

-- name: status_messages
SELECT l.partner, m.state, count(*), min(m.since) FROM lt_message m JOIN lt_lane l ON l.id = m.lane_id
WHERE l.tenant = :tenant GROUP BY l.partner, m.state

-- name: status_attempts
SELECT l.partner, a.kind, count(*) FROM lt_attempt a JOIN lt_message m ON m.id = a.message_id
JOIN lt_lane l ON l.id = m.lane_id WHERE l.tenant = :tenant GROUP BY l.partner, a.kind

-- name: count_dossiers
SELECT count(*) FROM lt_dossier WHERE tenant = :tenant

-- name: count_changes
SELECT c.kind, count(*) FROM lt_change c JOIN lt_dossier d ON d.id = c.dossier_id WHERE d.tenant = :tenant GROUP BY c.kind

-- name: partner_states
SELECT partner, failures, hold_until FROM lt_partner WHERE tenant = :tenant

-- name: dead_letters
SELECT m.id, l.partner, m.operation, d.code, m.code, m.text, m.ended_at,
    (SELECT count(*) FROM lt_attempt a WHERE a.message_id = m.id AND a.kind = 'call'),
    (SELECT count(*) FROM lt_message x WHERE x.lane_id = m.lane_id AND x.id > m.id AND x.state <> 'delivered')
FROM lt_message m JOIN lt_lane l ON l.id = m.lane_id JOIN lt_dossier d ON d.id = l.dossier_id
WHERE m.state = 'dead' AND l.tenant = :tenant ORDER BY m.id

-- name: requeue_message
UPDATE lt_message SET state = :state, since = :now, ended_at = NULL, code = NULL, text = NULL
WHERE id = :id AND state = 'dead'
    AND EXISTS (SELECT 1 FROM lt_lane l WHERE l.id = lt_message.lane_id AND l.tenant = :tenant)
RETURNING lane_id

-- name: renew_horizon
-- What waited behind a dead letter was never given a chance: its time begins with that of the head.
UPDATE lt_message SET since = :now WHERE lane_id = :lane_id AND state = 'pending' AND state <> 'delivered'

-- name: reopen_lane
UPDATE lt_lane SET state = 'ready', due_at = :now WHERE id = :id AND state = 'blocked'

-- name: timeline_changes
SELECT c.accepted_at, c.kind, c.version, c.advance, c.source, c.body FROM lt_change c JOIN lt_dossier d ON d.id = c.dossier_id
WHERE d.tenant = :tenant AND d.key = :key ORDER BY c.version

-- name: timeline_messages
SELECT m.since, l.partner, m.operation, m.state, m.attempts, m.ended_at, m.code, m.text, c.version, m.id, l.state, l.due_at
FROM lt_dossier d CROSS JOIN lt_change c CROSS JOIN lt_message m CROSS JOIN lt_lane l
WHERE d.tenant = :tenant AND d.key = :key AND c.dossier_id = d.id AND m.change_id = c.id AND l.id = m.lane_id
ORDER BY m.id

-- name: timeline_attempts
SELECT a.at, l.partner, m.operation, a.kind, a.outcome, a.code, a.text, a.took_us, c.version
FROM lt_dossier d CROSS JOIN lt_change c CROSS JOIN lt_message m CROSS JOIN lt_attempt a CROSS JOIN lt_lane l
WHERE d.tenant = :tenant AND d.key = :key AND c.dossier_id = d.id AND m.change_id = c.id AND a.message_id = m.id
    AND l.id = m.lane_id
ORDER BY a.id

-- name: chain
SELECT c.version, c.kind, c.source, c.source_id, c.fingerprint, c.accepted_at, c.previous_hash, c.hash, c.body
FROM lt_change c JOIN lt_dossier d ON d.id = c.dossier_id
WHERE d.tenant = :tenant AND d.key = :key ORDER BY c.version

-- name: present_header
SELECT c.body FROM lt_dossier d JOIN lt_change c ON c.dossier_id = d.id
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

-- name: inbox_list
SELECT received_at, source, kind, event_id, dossier_key FROM lt_inbox WHERE tenant = :tenant ORDER BY received_at, event_id

-- name: savepoint
SAVEPOINT received

-- name: rollback_to_savepoint
ROLLBACK TO SAVEPOINT received
