-- name: vital_oldest
-- How old the oldest message is that waits, and the oldest whose outcome is unknown.
SELECT partner, 'unknown', min(since) FROM lt_message WHERE tenant = :tenant AND state = 'unknown' GROUP BY partner
UNION ALL
SELECT p.value, 'waiting', (SELECT min(m.since) FROM lt_message m WHERE m.tenant = :tenant AND m.partner = p.value)
FROM each_text(:partners) p
UNION ALL
SELECT p.value, 'dead', (SELECT min(e.since) FROM lt_dead e WHERE e.tenant = :tenant AND e.partner = p.value)
FROM each_text(:partners) p

-- name: vital_dead
SELECT partner, operation, code, count(*) FROM lt_dead WHERE tenant = :tenant GROUP BY partner, operation, code

-- name: vital_inbox
SELECT source, count(*) FROM lt_inbox WHERE tenant = :tenant AND dossier_key IS NULL GROUP BY source

-- name: vital_notices
SELECT partner, count(*) FROM lt_notice
WHERE tenant = :tenant AND due_at IS NOT NULL AND (said IS NULL OR said <> 'unknown') GROUP BY partner

-- name: vital_revisions
SELECT version_num, '' FROM lt_schema UNION ALL SELECT revision, readable_from FROM lt_release

-- name: vital_write
-- Always taken back: whether anything can be written at all.
INSERT INTO lt_partner (tenant, partner) VALUES (:tenant, '') ON CONFLICT DO NOTHING
