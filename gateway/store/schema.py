"""
Brings a database to the schema of this release, and refuses one of a newer release.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import StoreTooNew

if TYPE_CHECKING:
    import sqlalchemy as sa

VERSION_TABLE = "lt_schema"
KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Every revision this release knows, oldest first; a test holds it against the migration files."""

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration under way in module-level names; threads of one process take turns."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    What a database says of itself: its *revision* (None when it is empty), and for later revisions from which one on a
    release can still work with it.
    """

    revision: str | None = None
    readable_from: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether this release can work with the tables as they are: its own, or those of a newer one that says so."""
        return self.revision == KNOWN[-1] or self.readable_from.get(self.revision or "", "") in KNOWN


def migrate(engine: Callable[[], sa.Engine], found: Found) -> None:
    """
    Run the missing steps in one transaction of the *engine*, which is made only when there is something to do.

    Raises ``StoreTooNew`` when a newer release wrote the database and this one cannot work beside it, and the driver's
    own error for what the database cannot do.
    """
    if found.is_ours:
        return
    if found.revision is not None and found.revision not in KNOWN:
        raise StoreTooNew(
            f"Cơ sở dữ liệu thuộc phiên bản mới hơn («{found.revision}»); bản này chỉ biết đến «{KNOWN[-1]}». "
            "Hãy cài phiên bản lienthong mới hơn. / The database belongs to a newer release; upgrade lienthong."
        )
    # Alembic and SQLAlchemy cost most of a second to import, and are needed once in the life of a database.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with _ONE_AT_A_TIME, engine().begin() as connection:
            if connection.dialect.name == "postgresql":
                # Of several processes that start together, one migrates and the others find it done.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('lt_schema', 0))")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        if error.orig is None:
            raise
        raise error.orig from error
