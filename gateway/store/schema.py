"""
Brings a database to the schema of this release, and refuses one of a newer release.
"""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from gateway.errors import StoreTooNew

VERSION_TABLE = "lt_schema"
KNOWN = ("0001", "0002")
"""Every revision this release knows, oldest first; a test holds it against the migration files."""


_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration under way in module-level names; threads of one process take turns."""


def migrate(engine: sa.Engine, present: str | None) -> None:
    """
    Run the missing steps in one transaction; *present* is the revision found, None in an empty database.

    Raises ``StoreTooNew`` when *present* is not one of ours.
    """
    if present == KNOWN[-1]:
        return
    if present is not None and present not in KNOWN:
        raise StoreTooNew(
            f"Cơ sở dữ liệu thuộc phiên bản mới hơn («{present}»); bản này chỉ biết đến «{KNOWN[-1]}». "
            "Hãy cài phiên bản lienthong mới hơn. / The database belongs to a newer release; upgrade lienthong."
        )
    # Alembic costs a third of a second to import, and is needed once in the life of a database.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _ONE_AT_A_TIME, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
