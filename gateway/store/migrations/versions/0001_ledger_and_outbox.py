"""Ledger, outbox and inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite gives only INTEGER PRIMARY KEY its fast row ids.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Times are microseconds since 1970 in UTC: exact, compact, and the same in every database.
Moment = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "lt_counter",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next", Id, nullable=False),
    )
    op.create_table(
        "lt_dossier",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("status_at", Moment, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("header_fingerprint", sa.LargeBinary),
        sa.Column("head_hash", sa.LargeBinary, nullable=False),
        sa.Column("step_at", Moment),
        sa.UniqueConstraint("tenant", "key"),
    )
    op.create_table(
        "lt_change",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("dossier_id", Id, sa.ForeignKey("lt_dossier.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("source_key", sa.Text, nullable=False, unique=True),
        sa.Column("step_key", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("advance", sa.Text, nullable=False),
        sa.Column("accepted_at", Moment, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("dossier_id", "version"),
    )
    op.create_index(
        "lt_change_step",
        "lt_change",
        ["step_key"],
        unique=True,
        sqlite_where=sa.text("step_key IS NOT NULL"),
        postgresql_where=sa.text("step_key IS NOT NULL"),
    )
    op.create_table(
        "lt_lane",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("dossier_id", Id, sa.ForeignKey("lt_dossier.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", Moment),
        sa.Column("established", sa.Integer, nullable=False),
        sa.UniqueConstraint("dossier_id", "partner"),
    )
    for state, column in (("ready", "due_at"), ("leased", "lease_until")):
        op.create_index(
            f"lt_lane_{state}",
            "lt_lane",
            ["tenant", "partner", column],
            sqlite_where=sa.text(f"state = '{state}'"),
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_table(
        "lt_message",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("lane_id", Id, sa.ForeignKey("lt_lane.id"), nullable=False),
        sa.Column("change_id", Id, sa.ForeignKey("lt_change.id"), nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("code", sa.Text),
        sa.Column("text", sa.Text),
    )
    op.create_index(
        "lt_message_open",
        "lt_message",
        ["lane_id", "id"],
        sqlite_where=sa.text("state <> 'delivered'"),
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    op.create_index("lt_message_change", "lt_message", ["change_id"])
    op.create_index(
        "lt_message_dead",
        "lt_message",
        ["id"],
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_table(
        "lt_attempt",
        sa.Column("id", Id, primary_key=True, autoincrement=False),
        sa.Column("message_id", Id, sa.ForeignKey("lt_message.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("took_us", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("lt_attempt_message", "lt_attempt", ["message_id"])
    op.create_table(
        "lt_partner",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("partner", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("hold_until", Moment),
    )
    op.create_table(
        "lt_inbox",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("dossier_key", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
