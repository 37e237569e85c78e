"""What led to a change: the request's id and span, for joining records. Only adds a column that may be empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("lt_change", sa.Column("trace", sa.Text))
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0007', '0003')")
