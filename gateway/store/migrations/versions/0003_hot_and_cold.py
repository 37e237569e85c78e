"""
Hot and cold: what waits stays small, what has ended moves away, and the tenant is part of every key.

Carries the data of an earlier release over. On PostgreSQL this is the first revision that was ever released; the tables
of the earlier ones are empty there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.BigInteger()

_MOVED = ("dossier", "change", "lane", "message", "attempt", "partner", "repeat", "counter")


def upgrade() -> None:
    _drop_indexes()
    for name in _MOVED:
        op.rename_table(f"lt_{name}", f"lt_{name}_0002")
    _ledger()
    _outbox()
    _partners()
    _carry_over()
    for name in reversed(_MOVED):
        op.drop_table(f"lt_{name}_0002")


def _drop_indexes() -> None:
    for index in (
        "lt_change_step",
        "lt_lane_ready",
        "lt_lane_leased",
        "lt_message_open",
        "lt_message_change",
        "lt_message_dead",
        "lt_attempt_message",
    ):
        op.drop_index(index)


def _table(name: str, *columns: sa.Column[object], key: tuple[str, ...]) -> None:
    """A table stored in the order of its key, where the database can."""
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=f"{name}_key"), sqlite_with_rowid=False)


def _text(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=null)


def _id(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, Id, nullable=null, autoincrement=False)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, Moment, nullable=null)


def _number(name: str, default: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def _bytes(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _ledger() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE lt_id")
    else:
        _table("lt_counter", _text("tenant"), sa.Column("next", Id, nullable=False), key=("tenant",))
    _table(
        "lt_dossier",
        _text("tenant"), _id("id"), _text("key"), _text("code"), _text("origin"), _number("status"),
        _moment("status_at"), _number("version"), _bytes("header_fingerprint", null=True), _bytes("head_hash"),
        _moment("step_at", null=True),
        key=("tenant", "id"),
    )  # fmt: skip
    op.create_index("lt_dossier_code", "lt_dossier", ["tenant", "key"], unique=True)
    # Bodies of kilobytes: SQLite keeps such rows better in a table of row ids with the key as an index.
    op.create_table(
        "lt_change",
        _text("tenant"), _id("dossier_id"), _number("version"), _text("kind"), _text("source"), _text("source_id"),
        _text("source_key"), _text("step_key", null=True), _bytes("fingerprint"), _text("advance"),
        _moment("accepted_at"), _bytes("previous_hash"), _bytes("hash"), _bytes("body"),
        sa.PrimaryKeyConstraint("tenant", "dossier_id", "version", name="lt_change_pk"),
    )  # fmt: skip
    op.create_index("lt_change_source", "lt_change", ["tenant", "source_key"], unique=True)
    _partial("lt_change_of_step", "lt_change", ["tenant", "step_key"], "step_key IS NOT NULL", unique=True)
    _table(
        "lt_repeat", _text("tenant"), _text("source_key"), _bytes("fingerprint"), _moment("at"),
        key=("tenant", "source_key"),
    )  # fmt: skip
    op.create_index("lt_repeat_age", "lt_repeat", ["tenant", "at"])


def _outbox() -> None:
    _table(
        "lt_lane",
        _text("tenant"), _text("partner"), _id("dossier_id"), _text("state"), _moment("due_at"),
        _number("backfill", "0"), _number("paused", "0"), sa.Column("token", Id, nullable=False),
        _text("worker", null=True),
        _moment("lease_until", null=True), _number("leads", "0"),
        sa.Column("fly_to", Id, nullable=False, server_default="0"),
        _number("established", "0"),
        key=("tenant", "partner", "dossier_id"),
    )  # fmt: skip
    _partial("lt_lane_due", "lt_lane", ["tenant", "partner", "backfill", "due_at"], "state = 'ready'")
    _partial("lt_lane_lent", "lt_lane", ["tenant", "partner", "lease_until"], "state = 'leased'")
    _table(
        "lt_message",
        _text("tenant"), _text("partner"), _id("dossier_id"), _id("id"), _number("version"), _text("operation"),
        _text("state"), _number("attempts", "0"), _moment("since"),
        key=("tenant", "partner", "dossier_id", "id"),
    )  # fmt: skip
    op.create_index("lt_message_age", "lt_message", ["tenant", "partner", "since"])
    _partial("lt_message_unknown", "lt_message", ["tenant", "partner"], "state = 'unknown'")
    _table(
        "lt_done",
        _text("tenant"), _text("partner"), _id("dossier_id"), _id("id"), _number("version"), _text("operation"),
        _text("state"), _number("attempts", "0"), _moment("since"), _moment("ended_at"), sa.Column("took_us", Id),
        _text("code"), _text("text"),
        key=("tenant", "partner", "dossier_id", "id"),
    )  # fmt: skip
    op.create_index("lt_done_age", "lt_done", ["tenant", "ended_at"])
    _table(
        "lt_dead",
        _text("tenant"), _id("id"), _text("partner"), _id("dossier_id"), _number("version"), _text("operation"),
        _number("attempts", "0"), _moment("since"), _moment("ended_at"), _text("code"), _text("text"), _text("cause"),
        _text("sent"),
        key=("tenant", "id"),
    )  # fmt: skip
    op.create_index("lt_dead_lane", "lt_dead", ["tenant", "partner", "dossier_id"])
    op.create_index("lt_dead_cause", "lt_dead", ["tenant", "cause"])
    _table(
        "lt_attempt",
        _text("tenant"), _id("dossier_id"), _id("id"), _text("partner"), _id("message_id"), _text("kind"),
        _moment("at"), sa.Column("took_us", Id, nullable=False), _text("outcome"), _text("code"), _text("text"),
        key=("tenant", "dossier_id", "id"),
    )  # fmt: skip
    op.create_index("lt_attempt_age", "lt_attempt", ["tenant", "at"])


def _partners() -> None:
    _table(
        "lt_partner",
        _text("tenant"), _text("partner"), _number("failures", "0"), _moment("hold_until", null=True),
        _moment("trial_until", null=True), sa.Column("slowdown", sa.Float, nullable=False, server_default="1"),
        _moment("arrival", null=True), _number("paused", "0"),
        sa.Column("control", sa.Text, nullable=False, server_default="{}"),
        key=("tenant", "partner"),
    )  # fmt: skip
    _table(
        "lt_worker",
        _text("tenant"), _text("partner"), _text("worker"), _text("place"), _text("release"), _moment("started_at"),
        _moment("seen_at"), _number("draining", "0"), _number("lanes", "0"),
        key=("tenant", "partner", "worker"),
    )  # fmt: skip
    _table(
        "lt_audit",
        _text("tenant"), _id("n"), _moment("at"), _text("actor"), _text("action"), _text("subject"), _text("reason"),
        _text("detail"), _bytes("previous_hash"), _bytes("hash"),
        key=("tenant", "n"),
    )  # fmt: skip
    tally = (_text("tenant"), _text("partner"), _text("what"))
    if op.get_bind().dialect.name == "postgresql":
        # Rows are only added, and folded together later: a counter row would make every producer wait for the others.
        op.create_table("lt_tally", *tally, sa.Column("n", Id, nullable=False))
        op.create_index("lt_tally_of", "lt_tally", ["tenant", "partner"])
    else:
        _table("lt_tally", *tally, sa.Column("n", Id, nullable=False), key=("tenant", "partner", "what"))
    op.create_table(
        "lt_release",
        sa.Column("revision", sa.Text, primary_key=True),
        sa.Column("readable_from", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0003', '0003')")


def _carry_over() -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.execute(
            "INSERT INTO lt_counter (tenant, next) SELECT t.tenant, (SELECT max(next) FROM lt_counter_0002)"
            " FROM (SELECT DISTINCT tenant FROM lt_dossier_0002) t"
        )
    op.execute(
        """
        INSERT INTO lt_dossier (tenant, id, key, code, origin, status, status_at, version, header_fingerprint,
            head_hash, step_at)
        SELECT tenant, id, key, code, origin, status, status_at, version, header_fingerprint, head_hash, step_at
        FROM lt_dossier_0002
        """
    )
    op.execute(
        """
        INSERT INTO lt_change (tenant, dossier_id, version, kind, source, source_id, source_key, step_key, fingerprint,
            advance, accepted_at, previous_hash, hash, body)
        SELECT d.tenant, c.dossier_id, c.version, c.kind, c.source, c.source_id, c.source_key,
            substr(c.step_key, length(d.tenant) + 2), c.fingerprint, c.advance, c.accepted_at, c.previous_hash, c.hash,
            c.body
        FROM lt_change_0002 c JOIN lt_dossier_0002 d ON d.id = c.dossier_id
        """
    )
    # A repeat's key holds its tenant as a digest: it is found under its own, and harmless under the others.
    op.execute(
        """
        INSERT INTO lt_repeat (tenant, source_key, fingerprint, at)
        SELECT t.tenant, r.source_key, r.fingerprint, t.at
        FROM lt_repeat_0002 r CROSS JOIN (
            SELECT d.tenant, max(c.accepted_at) AS at
            FROM lt_dossier_0002 d JOIN lt_change_0002 c ON c.dossier_id = d.id GROUP BY d.tenant) t
        """
    )
    # A message under way stays so: its lease runs out, and it is looked up.
    op.execute(
        """
        INSERT INTO lt_lane (tenant, partner, dossier_id, state, due_at, token, worker, lease_until, leads, fly_to,
            established)
        SELECT l.tenant, l.partner, l.dossier_id, l.state, l.due_at, l.token, l.worker, l.lease_until, 1,
            coalesce((SELECT max(m.id) FROM lt_message_0002 m WHERE m.lane_id = l.id AND m.state = 'in_flight'), 0),
            l.established
        FROM lt_lane_0002 l
        """
    )
    op.execute(
        """
        INSERT INTO lt_message (tenant, partner, dossier_id, id, version, operation, state, attempts, since)
        SELECT l.tenant, l.partner, l.dossier_id, m.id, c.version, m.operation,
            CASE m.state WHEN 'in_flight' THEN 'pending' ELSE m.state END, m.attempts, m.since
        FROM lt_message_0002 m JOIN lt_lane_0002 l ON l.id = m.lane_id JOIN lt_change_0002 c ON c.id = m.change_id
        WHERE m.state IN ('pending', 'in_flight', 'unknown')
        """
    )
    op.execute(
        """
        INSERT INTO lt_done (tenant, partner, dossier_id, id, version, operation, state, attempts, since, ended_at,
            code, text)
        SELECT l.tenant, l.partner, l.dossier_id, m.id, c.version, m.operation, m.state, m.attempts, m.since,
            m.ended_at, '', ''
        FROM lt_message_0002 m JOIN lt_lane_0002 l ON l.id = m.lane_id JOIN lt_change_0002 c ON c.id = m.change_id
        WHERE m.state = 'delivered'
        """
    )
    op.execute(
        """
        INSERT INTO lt_dead (tenant, id, partner, dossier_id, version, operation, attempts, since, ended_at, code, text,
            cause, sent)
        SELECT l.tenant, m.id, l.partner, l.dossier_id, c.version, m.operation, m.attempts, m.since, m.ended_at,
            coalesce(m.code, ''), coalesce(m.text, ''), '', ''
        FROM lt_message_0002 m JOIN lt_lane_0002 l ON l.id = m.lane_id JOIN lt_change_0002 c ON c.id = m.change_id
        WHERE m.state = 'dead'
        """
    )
    op.execute(
        """
        INSERT INTO lt_attempt (tenant, dossier_id, id, partner, message_id, kind, at, took_us, outcome, code, text)
        SELECT l.tenant, l.dossier_id, a.id, l.partner, a.message_id, a.kind, a.at, a.took_us, a.outcome, a.code, a.text
        FROM lt_attempt_0002 a JOIN lt_message_0002 m ON m.id = a.message_id JOIN lt_lane_0002 l ON l.id = m.lane_id
        """
    )
    op.execute(
        """
        INSERT INTO lt_partner (tenant, partner, failures, hold_until)
        SELECT tenant, partner, failures, hold_until FROM lt_partner_0002
        """
    )
    op.execute(
        """
        INSERT INTO lt_tally (tenant, partner, what, n)
        SELECT tenant, partner, 'open', count(*) FROM lt_message GROUP BY tenant, partner
        UNION ALL SELECT tenant, partner, 'delivered', count(*) FROM lt_done GROUP BY tenant, partner
        UNION ALL SELECT tenant, partner, 'dead', count(*) FROM lt_dead GROUP BY tenant, partner
        UNION ALL SELECT tenant, partner, kind, count(*) FROM lt_attempt GROUP BY tenant, partner, kind
        UNION ALL SELECT tenant, '', 'dossiers', count(*) FROM lt_dossier GROUP BY tenant
        UNION ALL SELECT tenant, '', 'kind:' || kind, count(*) FROM lt_change GROUP BY tenant, kind
        """
    )
