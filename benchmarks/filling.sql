-- $d numbers the dossiers, $v their versions, $l the messages of the long lane; each is a table of one column n.

INSERT INTO lt_dossier (tenant, id, key, code, origin, status, status_at, version, header_fingerprint, head_hash)
SELECT '$tenant', d.n, 'VD.' || d.n, 'VD.' || d.n, 'local', 4, $base, $versions, $hash_d, $hash_d FROM $d d ORDER BY d.n;

INSERT INTO lt_change (tenant, dossier_id, version, kind, source, source_id, source_key, step_key, fingerprint, advance,
    accepted_at, previous_hash, hash, body)
SELECT '$tenant', d.n, v.n, CASE WHEN v.n = 1 THEN 'dossier' ELSE 'step' END, 'vidu', d.n || ':' || v.n, $key,
    CASE WHEN v.n > 1 THEN $key END, $hash, 'same', $base, $hash, $hash, CASE WHEN v.n = 1 THEN $header ELSE $step END
FROM $d d CROSS JOIN $v v ORDER BY d.n, v.n;

INSERT INTO lt_done (tenant, partner, dossier_id, id, version, operation, state, attempts, since, ended_at, took_us, code,
    text)
SELECT '$tenant', '$partner', d.n, d.n * $versions + v.n, v.n, CASE WHEN v.n = 1 THEN 'dossier' ELSE 'step' END,
    'delivered', 1, $base, $base + d.n, 5000, '0', ''
FROM $d d CROSS JOIN $v v WHERE d.n > $waiting OR v.n < $first_open ORDER BY d.n, v.n;

INSERT INTO lt_message (tenant, partner, dossier_id, id, version, operation, state, attempts, since)
SELECT '$tenant', '$partner', d.n, d.n * $versions + v.n, v.n, 'step', 'pending', 0, $base
FROM $d d CROSS JOIN $v v
WHERE d.n <= $waiting AND v.n >= $first_open AND (d.n > $blocked OR v.n > $first_open) ORDER BY d.n, v.n;

INSERT INTO lt_dead (tenant, id, partner, dossier_id, version, operation, attempts, since, ended_at, code, text, cause,
    sent)
SELECT '$tenant', d.n * $versions + $first_open, '$partner', d.n, $first_open, 'step', 1, $front, $front, '-1', '',
    'refused', ''
FROM $d d WHERE d.n <= $blocked ORDER BY d.n;

INSERT INTO lt_lane (tenant, partner, dossier_id, state, due_at, token, established)
SELECT '$tenant', '$partner', d.n,
    CASE WHEN d.n <= $blocked THEN 'blocked' WHEN d.n <= $waiting THEN 'ready' ELSE 'idle' END,
    CASE WHEN d.n <= $blocked THEN $front ELSE $base + d.n END, 0, 1
FROM $d d ORDER BY d.n;

-- The long lane: nothing when it has no messages.

INSERT INTO lt_dossier (tenant, id, key, code, origin, status, status_at, version, header_fingerprint, head_hash)
SELECT '$tenant', $long, 'VD.$long', 'VD.$long', 'local', 4, $front, $length, $zero, $zero WHERE $length > 0;

INSERT INTO lt_change (tenant, dossier_id, version, kind, source, source_id, source_key, step_key, fingerprint, advance,
    accepted_at, previous_hash, hash, body)
SELECT '$tenant', $long, l.n, 'step', 'vidu', '$long:' || l.n, 'long ' || l.n, 'long ' || l.n, $zero, 'same', $front,
    $zero, $zero, $step
FROM $l l WHERE $length > 0;

INSERT INTO lt_message (tenant, partner, dossier_id, id, version, operation, state, attempts, since)
SELECT '$tenant', '$partner', $long, $long * $versions + l.n, l.n, 'step', 'pending', 0, $front FROM $l l WHERE $length > 0;

INSERT INTO lt_lane (tenant, partner, dossier_id, state, due_at, token, established)
SELECT '$tenant', '$partner', $long, 'ready', $front, 0, 1 WHERE $length > 0;

INSERT INTO lt_tally (tenant, partner, what, n)
VALUES ('$tenant', '', 'dossiers', $all), ('$tenant', '', 'kind:dossier', $dossiers), ('$tenant', '', 'kind:step', $steps),
    ('$tenant', '$partner', 'open', $open), ('$tenant', '$partner', 'delivered', $delivered),
    ('$tenant', '$partner', 'call', $delivered), ('$tenant', '$partner', 'dead', $blocked);
