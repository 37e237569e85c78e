-- name: has_expired
SELECT 1 FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'leased' AND lease_until <= :now LIMIT 1

-- name: expired_lanes
SELECT dossier_id, fly_to FROM lt_lane l
WHERE l.tenant = :tenant AND l.partner = :partner AND l.state = 'leased' AND l.lease_until <= :now
/*skip locked l*/

-- name: expire_messages
-- The lease ran out: the calls may have happened.
-- rows: partner text, dossier_id bigint, fly_to bigint
UPDATE lt_message SET state = 'unknown' FROM rows r
WHERE lt_message.tenant = :tenant AND lt_message.partner = r.partner AND lt_message.dossier_id = r.dossier_id
    AND lt_message.id <= r.fly_to

-- name: expire_lanes
-- rows: partner text, dossier_id bigint, now bigint
UPDATE lt_lane SET state = CASE WHEN paused = 1 THEN 'paused' ELSE 'ready' END, due_at = r.now, token = token + 1,
    worker = NULL, leads = 0, fly_to = 0
FROM rows r WHERE lt_lane.tenant = :tenant AND lt_lane.partner = r.partner AND lt_lane.dossier_id = r.dossier_id

-- name: lent_lanes
-- What these lanes are lent under; locked, so that no message comes in between the look at them and their return.
SELECT l.dossier_id, l.token, l.state, l.fly_to FROM each_id(:lanes) w CROSS JOIN lt_lane l
WHERE l.tenant = :tenant AND l.partner = :partner AND l.dossier_id = w.value
/*skip locked l*/

-- name: settle_message
-- rows: partner text, dossier_id bigint, id bigint, state text, tries bigint
UPDATE lt_message SET state = r.state, attempts = attempts + r.tries FROM rows r
WHERE lt_message.tenant = :tenant AND lt_message.partner = r.partner AND lt_message.dossier_id = r.dossier_id
    AND lt_message.id = r.id

-- name: finish_message
-- rows: partner text, dossier_id bigint, id bigint, state text, tries bigint, ended_at bigint, took_us bigint, code text, text text
INSERT INTO lt_done (tenant, partner, dossier_id, id, version, operation, state, attempts, since, ended_at, took_us, code,
    text)
SELECT m.tenant, m.partner, m.dossier_id, m.id, m.version, m.operation, r.state, m.attempts + r.tries, m.since, r.ended_at,
    r.took_us, r.code, r.text
FROM rows r CROSS JOIN lt_message m
WHERE m.tenant = :tenant AND m.partner = r.partner AND m.dossier_id = r.dossier_id AND m.id = r.id

-- name: bury_message
-- rows: partner text, dossier_id bigint, id bigint, tries bigint, ended_at bigint, code text, text text, cause text, sent text
INSERT INTO lt_dead (tenant, id, partner, dossier_id, version, operation, attempts, since, ended_at, code, text, cause, sent)
SELECT m.tenant, m.id, m.partner, m.dossier_id, m.version, m.operation, m.attempts + r.tries, m.since, r.ended_at, r.code,
    r.text, r.cause, r.sent
FROM rows r CROSS JOIN lt_message m
WHERE m.tenant = :tenant AND m.partner = r.partner AND m.dossier_id = r.dossier_id AND m.id = r.id

-- name: remove_message
-- rows: partner text, dossier_id bigint, id bigint
DELETE FROM lt_message USING rows r
WHERE lt_message.tenant = :tenant AND lt_message.partner = r.partner AND lt_message.dossier_id = r.dossier_id
    AND lt_message.id = r.id

-- name: give_back_lane
-- The next message of the lane becomes its head; without one the lane rests. Asked for in order, so that the key finds it
-- and not an index of the whole backlog.
-- rows: partner text, dossier_id bigint, blocked bigint, due_at bigint, established bigint
UPDATE lt_lane SET worker = NULL, leads = 0, fly_to = 0,
    established = CASE WHEN r.established = 1 THEN 1 ELSE lt_lane.established END,
    due_at = coalesce(r.due_at, lt_lane.due_at),
    state = CASE WHEN r.blocked = 1 THEN 'blocked'
        WHEN (SELECT m.id FROM lt_message m WHERE m.tenant = :tenant AND m.partner = r.partner
            AND m.dossier_id = r.dossier_id ORDER BY m.id LIMIT 1) IS NULL THEN 'idle'
        WHEN paused = 1 THEN 'paused' ELSE 'ready' END
FROM rows r WHERE lt_lane.tenant = :tenant AND lt_lane.partner = r.partner AND lt_lane.dossier_id = r.dossier_id

-- name: insert_attempt
-- rows: dossier_id bigint, id bigint, partner text, message_id bigint, kind text, at bigint, took_us bigint, outcome text, code text, text text
INSERT INTO lt_attempt (tenant, dossier_id, id, partner, message_id, kind, at, took_us, outcome, code, text)
SELECT :tenant, r.dossier_id, r.id, r.partner, r.message_id, r.kind, r.at, r.took_us, r.outcome, r.code, r.text FROM rows r

-- name: attempts_made
SELECT message_id, at FROM lt_attempt WHERE tenant = :tenant AND dossier_id = :lane AND partner = :partner
UNION ALL
SELECT id, ended_at FROM lt_done WHERE tenant = :tenant AND partner = :partner AND dossier_id = :lane AND took_us IS NOT NULL

-- name: due_lanes
-- Oldest first among those that became due between two moments.
SELECT l.dossier_id, l.token, l.established, l.due_at FROM lt_lane l
WHERE l.tenant = :tenant AND l.partner = :partner AND l.state = 'ready' AND l.backfill = :backfill
    AND l.due_at > :after AND l.due_at <= :until
ORDER BY l.due_at LIMIT :want
/*skip locked l*/

-- name: head_messages
-- The first open messages of each lane, at most :depth, with the frozen body.
SELECT m.dossier_id, m.id, m.operation, m.state, m.attempts, m.since, c.body, c.hash, c.advance, d.code, c.trace
FROM each_id(:lanes) w
CROSS JOIN lt_message m
CROSS JOIN lt_change c
CROSS JOIN lt_dossier d
WHERE m.tenant = :tenant AND m.partner = :partner AND m.dossier_id = w.value AND m.id IN (
        SELECT x.id FROM lt_message x WHERE x.tenant = :tenant AND x.partner = :partner AND x.dossier_id = w.value
        ORDER BY x.id LIMIT :depth)
    AND c.tenant = :tenant AND c.dossier_id = m.dossier_id AND c.version = m.version
    AND d.tenant = :tenant AND d.id = m.dossier_id
ORDER BY m.dossier_id, m.id

-- name: lease_lane
-- rows: partner text, dossier_id bigint, worker text, lease_until bigint, leads bigint, fly_to bigint
UPDATE lt_lane SET state = 'leased', token = token + 1, worker = r.worker, lease_until = r.lease_until, leads = r.leads,
    fly_to = r.fly_to
FROM rows r WHERE lt_lane.tenant = :tenant AND lt_lane.partner = r.partner AND lt_lane.dossier_id = r.dossier_id

-- name: calls_under_way
SELECT coalesce(sum(leads), 0) FROM lt_lane
WHERE tenant = :tenant AND partner = :partner AND state = 'leased' AND lease_until > :now

-- name: next_due
SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'ready' AND backfill = 0
    UNION ALL
    SELECT min(due_at) FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'ready' AND backfill = 1
    UNION ALL
    SELECT min(lease_until) FROM lt_lane WHERE tenant = :tenant AND partner = :partner AND state = 'leased') due
