"""What the HTTP service keeps: API keys by their hash, first answers by Idempotency-Key, and jobs. Only adds tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Moment = sa.BigInteger


def upgrade() -> None:
    _table(
        "lt_api_key",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("agencies", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        key=("tenant", "id"),
    )
    _table(
        "lt_answer",
        sa.Column("request_key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment, nullable=False),
        key=("tenant", "request_key"),
    )
    op.create_index("lt_answer_age", "lt_answer", ["tenant", "at"])
    _table(
        "lt_job",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        key=("tenant", "id"),
    )
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0005', '0003')")


def _table(name: str, *columns: sa.Column[object], key: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint(*key, name=f"{name}_key"),
        sqlite_with_rowid=False,
    )
