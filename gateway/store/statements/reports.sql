-- name: tallies
SELECT partner, what, sum(n) FROM lt_tally WHERE tenant = :tenant GROUP BY partner, what

-- name: in_flight
SELECT l.partner, count(*) FROM lt_lane l JOIN lt_message m ON m.tenant = l.tenant AND m.partner = l.partner
    AND m.dossier_id = l.dossier_id AND m.id <= l.fly_to
WHERE l.tenant = :tenant AND l.state = 'leased' GROUP BY l.partner

-- name: unknown
SELECT partner, count(*) FROM lt_message WHERE tenant = :tenant AND state = 'unknown' GROUP BY partner

-- name: oldest
SELECT min(since) FROM lt_message WHERE tenant = :tenant AND partner = :partner

-- name: oldest_dead
SELECT min(since) FROM lt_dead WHERE tenant = :tenant AND partner = :partner

-- name: dead_letters
SELECT e.id, e.partner, e.operation, d.code, e.code, e.text, e.ended_at,
    (SELECT count(*) FROM lt_attempt a WHERE a.tenant = :tenant AND a.dossier_id = e.dossier_id AND a.message_id = e.id
        AND a.kind = 'call'),
    e.cause, e.version,
    (SELECT count(*) FROM lt_message x WHERE x.tenant = :tenant AND x.partner = e.partner AND x.dossier_id = e.dossier_id)
FROM lt_dead e JOIN lt_dossier d ON d.tenant = e.tenant AND d.id = e.dossier_id
WHERE e.tenant = :tenant ORDER BY e.id

-- name: dead_message
-- One dead letter as a message, with what it looked like when it was sent.
SELECT e.partner, e.operation, d.code, e.id, c.hash, c.body, e.attempts, e.since, l.established, c.advance, e.sent
FROM lt_dead e JOIN lt_change c ON c.tenant = e.tenant AND c.dossier_id = e.dossier_id AND c.version = e.version
JOIN lt_dossier d ON d.tenant = e.tenant AND d.id = e.dossier_id
JOIN lt_lane l ON l.tenant = e.tenant AND l.partner = e.partner AND l.dossier_id = e.dossier_id
WHERE e.tenant = :tenant AND e.id = :id

-- name: dossier_row
SELECT id FROM lt_dossier WHERE tenant = :tenant AND key = :key

-- name: timeline_changes
SELECT c.accepted_at, c.kind, c.version, c.advance, c.source, c.body FROM lt_change c
WHERE c.tenant = :tenant AND c.dossier_id = :dossier ORDER BY c.version

-- name: timeline_open
SELECT l.partner, m.id, m.operation, m.version, m.attempts, m.since, l.state, l.due_at,
    CASE WHEN m.state = 'pending' AND l.state = 'leased' AND m.id <= l.fly_to THEN 'in_flight' ELSE m.state END
FROM each_text(:partners) p CROSS JOIN lt_lane l CROSS JOIN lt_message m
WHERE l.tenant = :tenant AND l.partner = p.value AND l.dossier_id = :dossier
    AND m.tenant = :tenant AND m.partner = p.value AND m.dossier_id = :dossier
ORDER BY m.id

-- name: timeline_done
SELECT m.partner, m.id, m.operation, m.version, m.attempts, m.state, m.ended_at, m.took_us, m.code, m.text
FROM each_text(:partners) p CROSS JOIN lt_done m
WHERE m.tenant = :tenant AND m.partner = p.value AND m.dossier_id = :dossier ORDER BY m.id

-- name: timeline_dead
SELECT m.partner, m.id, m.operation, m.version, m.attempts, m.ended_at, m.code, m.text
FROM each_text(:partners) p CROSS JOIN lt_dead m
WHERE m.tenant = :tenant AND m.partner = p.value AND m.dossier_id = :dossier ORDER BY m.id

-- name: timeline_attempts
SELECT a.at, a.partner, a.message_id, a.kind, a.outcome, a.code, a.text, a.took_us FROM lt_attempt a
WHERE a.tenant = :tenant AND a.dossier_id = :dossier ORDER BY a.id

-- name: partners
SELECT DISTINCT partner FROM lt_tally WHERE tenant = :tenant AND partner <> ''

-- name: dossier_page
-- Without the matters, which are none.
SELECT d.id, d.code, d.origin, d.status, d.status_at, d.version FROM lt_dossier d
WHERE d.tenant = :tenant AND d.id > :after AND d.origin <> 'matter' ORDER BY d.id LIMIT :want

-- name: dossier_entry
SELECT d.id, d.code, d.origin, d.status, d.status_at, d.version FROM lt_dossier d
WHERE d.tenant = :tenant AND d.key = :key

-- name: deliveries
SELECT l.partner, l.state, l.paused,
    (SELECT count(*) FROM lt_message m WHERE m.tenant = :tenant AND m.partner = l.partner AND m.dossier_id = l.dossier_id
        AND m.state = 'pending'),
    (SELECT count(*) FROM lt_message m WHERE m.tenant = :tenant AND m.partner = l.partner AND m.dossier_id = l.dossier_id
        AND m.state = 'unknown'),
    (SELECT count(*) FROM lt_dead e WHERE e.tenant = :tenant AND e.partner = l.partner AND e.dossier_id = l.dossier_id),
    (SELECT count(*) FROM lt_done f WHERE f.tenant = :tenant AND f.partner = l.partner AND f.dossier_id = l.dossier_id
        AND f.state = 'delivered'),
    (SELECT max(f.ended_at) FROM lt_done f WHERE f.tenant = :tenant AND f.partner = l.partner
        AND f.dossier_id = l.dossier_id AND f.state = 'delivered')
FROM each_text(:partners) p CROSS JOIN lt_lane l
WHERE l.tenant = :tenant AND l.partner = p.value AND l.dossier_id = :dossier ORDER BY l.partner
