-- name: insert_notice
INSERT INTO lt_notice (tenant, id, partner, path, source, event_id, fingerprint, body, received_at, last_at, times, attempts,
    due_at)
VALUES (:tenant, :id, :partner, :path, :source, :event_id, :fingerprint, :body, :at, :at, 1, 0, :due_at)
ON CONFLICT DO NOTHING RETURNING id

-- name: notice_by_event
SELECT id, fingerprint, status, media_type, answer FROM lt_notice
WHERE tenant = :tenant AND partner = :partner AND event_id = :event_id

-- name: notice_again
UPDATE lt_notice SET times = times + 1, last_at = :at WHERE tenant = :tenant AND id = :id

-- name: lock_notice
-- Whoever processes a notice has it alone.
SELECT n.path, n.body, n.fingerprint, n.received_at, n.status, n.media_type, n.answer FROM lt_notice n
WHERE n.tenant = :tenant AND n.id = :id /*lock n*/

-- name: finish_notice
-- What was not taken gives its id free: it may come again, and mended.
UPDATE lt_notice SET due_at = :due_at, said = :said, dossier_key = :dossier_key, status = :status, media_type = :media_type,
    answer = :answer, body = CASE WHEN :keep_body = 1 THEN body END,
    event_id = CASE WHEN :keep_event = 1 THEN event_id END
WHERE tenant = :tenant AND id = :id

-- name: postpone_notice
UPDATE lt_notice SET attempts = :attempts, due_at = :due_at, said = :said
WHERE tenant = :tenant AND id = :id AND due_at IS NOT NULL

-- name: notice_attempts
SELECT attempts FROM lt_notice WHERE tenant = :tenant AND id = :id AND due_at IS NOT NULL

-- name: due_notices
-- Of these partners: those of others wait for whoever knows them.
SELECT id, partner FROM lt_notice
WHERE tenant = :tenant AND due_at <= :now AND said IS NULL AND partner IN (SELECT value FROM each_text(:partners) p)
ORDER BY due_at, id LIMIT :want

-- name: waiting_notices
SELECT partner, count(*) FROM lt_notice WHERE tenant = :tenant AND due_at IS NOT NULL AND said IS NULL
GROUP BY partner ORDER BY partner

-- name: parked_notices
SELECT id, partner FROM lt_notice WHERE tenant = :tenant AND due_at = :never AND said = 'parked' ORDER BY id

-- name: unpark_notice
UPDATE lt_notice SET due_at = :now, attempts = 0, said = NULL
WHERE tenant = :tenant AND id = :id AND due_at = :never AND said = 'parked'

-- name: found_notices
-- Answered notices that waited for a dossier which the ledger has by now, or for a look at all their dossiers.
SELECT n.id FROM lt_notice n
WHERE n.tenant = :tenant AND n.due_at IS NOT NULL AND n.said = 'unknown' AND (n.due_at <= :now OR EXISTS (
    SELECT 1 FROM lt_dossier d WHERE d.tenant = n.tenant AND d.key = n.dossier_key))
ORDER BY n.due_at, n.id LIMIT :want

-- name: recall_notice
UPDATE lt_notice SET due_at = :now, said = NULL, status = NULL, media_type = NULL, answer = NULL
WHERE tenant = :tenant AND id = :id AND due_at IS NOT NULL AND said = 'unknown'

-- name: newest_notices
SELECT id, received_at, partner, path, source, said, dossier_key, times, attempts, event_id FROM lt_notice
WHERE tenant = :tenant ORDER BY received_at DESC, id DESC LIMIT :want

-- name: notices_of_dossier
SELECT received_at, partner, path, said, times, id FROM lt_notice
WHERE tenant = :tenant AND dossier_key = :key ORDER BY received_at, id

-- name: turn_away
INSERT INTO lt_turned_away (tenant, partner, why, source, day, times, last_at)
VALUES (:tenant, :partner, :why, :source, :day, :times, :at)
ON CONFLICT (tenant, partner, why, source, day) DO UPDATE
SET times = lt_turned_away.times + excluded.times, last_at = excluded.last_at

-- name: newest_turned_away
SELECT last_at, partner, why, source, times FROM lt_turned_away
WHERE tenant = :tenant ORDER BY last_at DESC LIMIT :want

-- name: delete_notices
-- What still waits to be processed stays; waiting for a dossier ends.
DELETE FROM lt_notice WHERE tenant = :tenant AND id IN (
    SELECT id FROM lt_notice WHERE tenant = :tenant AND received_at < :before AND (due_at IS NULL OR said = 'unknown')
    ORDER BY received_at LIMIT :want /*skip locked lt_notice*/)
RETURNING 1

-- name: delete_turned_away
DELETE FROM lt_turned_away WHERE tenant = :tenant AND (partner, why, source, day) IN (
    SELECT partner, why, source, day FROM lt_turned_away WHERE tenant = :tenant AND last_at < :before
    ORDER BY last_at LIMIT :want /*skip locked lt_turned_away*/)
RETURNING 1
