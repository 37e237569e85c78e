-- name: new_ids
-- A block of ids, so that rows can be written in bulk and still know each other.
INSERT INTO lt_counter (tenant, next) VALUES (:tenant, 1 + :count)
ON CONFLICT (tenant) DO UPDATE SET next = next + :count RETURNING next - :count

-- name: add_tally
-- rows: partner text, what text, n bigint
INSERT INTO lt_tally (tenant, partner, what, n) VALUES (:tenant, r.partner, r.what, r.n)
ON CONFLICT (tenant, partner, what) DO UPDATE SET n = n + excluded.n

-- name: take_requests
-- There is one writer: whoever is here works alone.
SELECT k.value, :tenant = :tenant FROM each_text(:keys) k
