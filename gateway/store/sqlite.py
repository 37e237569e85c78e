"""
The store in one SQLite file: the embedded default.

Write-ahead log with full synchronisation: what a commit promised survives a power cut. Every write transaction
begins IMMEDIATE, so that processes on the same file queue up instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from gateway.errors import StoreError, StoreFull, StoreUnavailable
from gateway.store.base import Heard, SqlStore
from gateway.store.callers import sqlite_connection
from gateway.store.schema import Found, migrate
from gateway.store.sql import Statements
from gateway.store.turns import SLICE, TurnMissed, Turns

if TYPE_CHECKING:
    import sqlalchemy as sa

MEMORY = Path(":memory:")

_WAIT, _DO_NOT_WAIT = f"PRAGMA busy_timeout = {SLICE // timedelta(milliseconds=1)}", "PRAGMA busy_timeout = 0"


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Say what SQLite cannot do in words that an operator can act on."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        raise _translated(exc, path) from exc
    except TurnMissed as exc:
        raise _held(path) from exc


def _held(path: Path) -> StoreUnavailable:
    return StoreUnavailable(
        f"«{path.name}» đang bị tiến trình khác giữ quá lâu. Tìm và dừng tiến trình đó. "
        "/ Another process holds the database for too long."
    )


def _translated(exc: sqlite3.DatabaseError, path: Path) -> StoreError:
    name = getattr(exc, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return StoreFull(
            f"Hết chỗ trên đĩa cho «{path.name}»; chưa nhận thay đổi này, những gì đã nhận vẫn còn. "
            "Giải phóng dung lượng rồi gửi lại. "
            "/ No room left for the database; this change was not accepted, earlier ones are safe."
        )
    if name.startswith("SQLITE_BUSY"):
        return _held(path)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
        return StoreUnavailable(
            f"Không mở hoặc ghi được «{path.name}» ({name}). Kiểm tra thư mục, quyền ghi và đĩa. "
            "/ The database cannot be opened or written; check folder, permission and disk."
        )
    if name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
        return StoreUnavailable(
            f"«{path.name}» không phải là cơ sở dữ liệu SQLite lành lặn ({name}). "
            "Kiểm tra đường dẫn, hoặc khôi phục từ bản sao lưu. "
            "/ This is no sound SQLite database; check the path or restore a backup."
        )
    return StoreUnavailable(f"Cơ sở dữ liệu «{path.name}» báo lỗi {name or 'SQLITE_ERROR'}: {exc}")


class SqliteStore(SqlStore):
    """
    ``Store`` on one file, or in memory at ``Path(":memory:")``. Safe for several processes on the same file.

    Opening migrates the file to this release. *heard* is told of every statement and commit. *busy* is how long to wait
    for another process that holds the file.
    """

    def __init__(
        self, path: Path, *, tenant: str, busy: timedelta = timedelta(seconds=30), heard: Heard | None = None
    ) -> None:
        self._path = path
        self._heard = heard
        self._tenant = tenant
        self._turns = Turns(busy, _is_busy)
        with _faults(path):
            self._connection = _connect(path, busy)
            try:
                migrate(lambda: _engine(self._connection), _found(self._connection))
                self._connection.execute(_WAIT)
            except BaseException:
                self._connection.close()
                raise

    def _tell(self, what: str) -> None:
        if self._heard is not None:
            self._heard(what)

    def hurry(self, within: timedelta) -> None:
        self._turns.hurry(within)

    def close(self) -> None:
        with self._turns.ended():
            self._connection.close()

    def _begin_reading(self) -> sqlite3.Cursor:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        return cursor

    def _begin_writing(self) -> sqlite3.Cursor:
        """
        At once or not at all: SQLite itself would nap ever longer, up to a tenth of a second, with the file free again.
        """
        cursor = self._connection.cursor()
        cursor.execute(_DO_NOT_WAIT)
        try:
            cursor.execute("BEGIN IMMEDIATE")
        finally:
            cursor.execute(_WAIT)
        return cursor

    @contextmanager
    def _write(self) -> Iterator[Statements]:
        """One durable transaction."""
        with _faults(self._path), self._turns.writing(self._begin_writing) as cursor:
            try:
                yield self._statements(cursor)
                self._tell("commit")
                cursor.execute("COMMIT")
                self._tell("committed")
            except BaseException:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _read(self) -> Iterator[Statements]:
        """One consistent view."""
        with _faults(self._path), self._turns.reading(self._begin_reading) as cursor:
            try:
                yield self._statements(cursor)
            finally:
                cursor.execute("ROLLBACK")

    @contextmanager
    def _part_of(self, connection: object) -> Iterator[Statements]:
        with _faults(self._path), _part_of(sqlite_connection(connection)) as cursor:
            yield self._statements(cursor)

    def _statements(self, cursor: sqlite3.Cursor) -> Statements:
        return Statements(cursor, "sqlite", self._tenant, self._heard)


@contextmanager
def _part_of(connection: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    """
    All of the block or nothing becomes part of the caller's transaction, whatever the caller does after a fault.

    A connection that commits each statement by itself, and is in no transaction, gets one for the block.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    commits_itself = connection.isolation_level is None or getattr(connection, "autocommit", None) is True
    try:
        if not commits_itself and not connection.in_transaction:
            # The driver would begin with the first writing statement, and a savepoint is none.
            cursor.execute(f"BEGIN {connection.isolation_level}")
        cursor.execute("SAVEPOINT accepting")
        try:
            yield cursor
            cursor.execute("RELEASE accepting")
        except BaseException:
            if connection.in_transaction:
                cursor.execute("ROLLBACK TO accepting")
                cursor.execute("RELEASE accepting")
            raise
    finally:
        cursor.close()


def _connect(path: Path, busy: timedelta) -> sqlite3.Connection:
    if path != MEMORY:
        with suppress(OSError):
            # Personal data: only the account of the gateway may read it. SQLite gives its other files the same mode,
            # and says better than we could why a file cannot be made.
            path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=busy.total_seconds(), isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        _write_ahead(connection, busy)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection, busy: timedelta) -> None:
    """
    Switch the file to its write-ahead log.

    Where two processes open a new file at once, SQLite refuses one of them without its usual waiting.
    """
    for attempt in Retrying(
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(busy),
        wait=wait_random(0.001, 0.02),
        reraise=True,
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode = WAL")


def _is_busy(fault: BaseException) -> bool:
    return getattr(fault, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _found(connection: sqlite3.Connection) -> Found:
    """What release wrote the file."""

    def column(table: str, sql: str) -> list[tuple[str, ...]]:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return [] if known is None else connection.execute(sql).fetchall()

    revisions = column("lt_schema", "SELECT version_num FROM lt_schema")
    releases = column("lt_release", "SELECT revision, readable_from FROM lt_release")
    return Found(revisions[0][0] if revisions else None, {row[0]: row[1] for row in releases})


def _engine(connection: sqlite3.Connection) -> sa.Engine:
    """An engine for migrations only, on the store's own connection; each is a transaction that others wait for."""
    import sqlalchemy as sa

    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.StaticPool)

    @sa.event.listens_for(engine, "begin")
    def begin_at_once(found: sa.Connection) -> None:
        found.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
