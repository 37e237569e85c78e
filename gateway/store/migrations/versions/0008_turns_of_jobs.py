"""How often a job was taken, to fence off who lost it. Only adds a column that has a value by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("lt_job", sa.Column("turn", sa.Integer, nullable=False, server_default="0"))
    op.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('0008', '0003')")
