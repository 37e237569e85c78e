"""Partners' notices as they arrived, and how often strangers were turned away. Only adds tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Moment = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "lt_notice",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        # Set while it waits to be processed.
        sa.Column("due_at", Moment),
        sa.Column("said", sa.Text),
        sa.Column("dossier_key", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("media_type", sa.Text),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("tenant", "id", name="lt_notice_key"),
    )
    _index("event", ["tenant", "partner", "event_id"], "event_id IS NOT NULL", unique=True)
    _index("due", ["tenant", "due_at"], "due_at IS NOT NULL")
    _index("dossier", ["tenant", "dossier_key"], "dossier_key IS NOT NULL")
    op.create_index("lt_notice_age", "lt_notice", ["tenant", "received_at"])
    op.create_table(
        "lt_turned_away",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "partner", "why", "source", "day", name="lt_turned_away_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("lt_turned_away_age", "lt_turned_away", ["tenant", "last_at"])
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0006', '0003')")


def _index(name: str, columns: list[str], only: str, *, unique: bool = False) -> None:
    op.create_index(
        f"lt_notice_{name}",
        "lt_notice",
        columns,
        unique=unique,
        sqlite_where=sa.text(only),
        postgresql_where=sa.text(only),
    )
