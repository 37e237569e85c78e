-- name: delete_done
DELETE FROM lt_done WHERE tenant = :tenant AND (partner, dossier_id, id) IN (
    SELECT partner, dossier_id, id FROM lt_done WHERE tenant = :tenant AND ended_at < :before
    ORDER BY ended_at LIMIT :want /*skip locked lt_done*/)
RETURNING 1

-- name: delete_attempts
DELETE FROM lt_attempt WHERE tenant = :tenant AND (dossier_id, id) IN (
    SELECT dossier_id, id FROM lt_attempt WHERE tenant = :tenant AND at < :before ORDER BY at LIMIT :want /*skip locked lt_attempt*/)
RETURNING 1

-- name: delete_inbox
-- What still waits for a person stays.
DELETE FROM lt_inbox WHERE tenant = :tenant AND (source, kind, event_id) IN (
    SELECT source, kind, event_id FROM lt_inbox
    WHERE tenant = :tenant AND received_at < :before AND dossier_key IS NOT NULL ORDER BY received_at LIMIT :want /*skip locked lt_inbox*/)
RETURNING 1

-- name: delete_repeats
DELETE FROM lt_repeat WHERE tenant = :tenant AND source_key IN (
    SELECT source_key FROM lt_repeat WHERE tenant = :tenant AND at < :before ORDER BY at LIMIT :want /*skip locked lt_repeat*/)
RETURNING 1
