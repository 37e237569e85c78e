"""The oldest dead letter of a partner by one look, also among a hundred thousand. Only adds an index."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("lt_dead_age", "lt_dead", ["tenant", "partner", "since"])
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0004', '0003')")
