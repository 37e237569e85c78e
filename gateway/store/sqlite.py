"""
The store in one SQLite file: the embedded default.

Write-ahead log with full synchronisation: what a commit promised survives a power cut. Every write transaction
begins IMMEDIATE, so that processes on the same file queue up instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from gateway.errors import StoreError, StoreFull, StoreUnavailable
from gateway.model import Change, DossierCode, DossierStatus
from gateway.policy import PartnerState
from gateway.ports import Operation, Receipt
from gateway.store import outbox, reports
from gateway.store.contract import (
    DeadLetter,
    Known,
    PartnerStatus,
    Received,
    Route,
    Settled,
    TimelineEntry,
    Turn,
)
from gateway.store.inbox import SqlInbox, received
from gateway.store.ledger import write_changes
from gateway.store.moments import from_us, to_us
from gateway.store.schema import migrate
from gateway.store.sql import Statements

COUNTERS = ("dossier", "change", "lane", "message", "attempt")


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Say what SQLite cannot do in words that an operator can act on."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        raise _translated(exc, path) from exc
    except sa.exc.DBAPIError as exc:
        # Migrations go through SQLAlchemy, which wraps the driver's error.
        if not isinstance(exc.orig, sqlite3.DatabaseError):
            raise
        raise _translated(exc.orig, path) from exc


def _translated(exc: sqlite3.DatabaseError, path: Path) -> StoreError:
    name = getattr(exc, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return StoreFull(
            f"Hết chỗ trên đĩa cho «{path.name}»; chưa nhận thay đổi này, những gì đã nhận vẫn còn. "
            "Giải phóng dung lượng rồi gửi lại. "
            "/ No room left for the database; this change was not accepted, earlier ones are safe."
        )
    if name.startswith("SQLITE_BUSY"):
        return StoreUnavailable(
            f"«{path.name}» đang bị tiến trình khác giữ quá lâu. Tìm và dừng tiến trình đó. "
            "/ Another process holds the database for too long."
        )
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


class SqliteStore:
    """
    ``Store`` on one file. Safe for several threads, and for several processes on the same file.

    Opening migrates the file to this release. Raises ``StoreUnavailable``, ``StoreFull``, ``StoreTooNew``.
    """

    def __init__(self, path: Path, *, tenant: str, busy: timedelta = timedelta(seconds=30)) -> None:
        self._path = path
        self._tenant = tenant
        self._lock = threading.RLock()
        with _faults(path):
            self._connection = _connect(path, busy)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        migrate(_engine(self._path), _revision(self._connection))
        with self._write() as sql:
            for name in COUNTERS:
                sql.run("start_counter", name=name)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _write(self) -> Iterator[Statements]:
        """One durable transaction."""
        with self._lock, _faults(self._path):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield Statements(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _read(self) -> Iterator[Statements]:
        """One consistent view."""
        with self._lock, _faults(self._path):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN")
            try:
                yield Statements(cursor)
            finally:
                cursor.execute("ROLLBACK")

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
    ) -> list[Receipt]:
        if connection is None:
            with self._write() as sql:
                return write_changes(sql, self._tenant, changes, tuple(routes), now)
        with _faults(self._path), _part_of(driver_connection(connection)) as sql:
            return write_changes(sql, self._tenant, changes, tuple(routes), now)

    @contextmanager
    def receiving(self, source: str, routes: Iterable[Route], *, now: datetime) -> Iterator[SqlInbox]:
        """The inbox for one call of the partner *source*: kept as a whole when the block ends well, else not at all."""
        with self._write() as sql:
            inbox = SqlInbox(sql, self._tenant, source, tuple(routes), now)
            sql.run("savepoint")
            yield inbox
            if inbox.undone:
                sql.run("rollback_to_savepoint")

    def received(self) -> list[Received]:
        with self._read() as sql:
            return received(sql, self._tenant)

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        with self._read() as sql:
            keys = orjson.dumps(sorted({code.key for code in codes})).decode()
            found = sql.rows("known", keys=keys, tenant=self._tenant)
            steps: dict[int, set[str]] = {row[4]: set() for row in found}
            for dossier_id, step in sql.rows("known_steps", dossiers=orjson.dumps(list(steps)).decode()):
                steps[dossier_id].add(step.rpartition(":")[2])
        return {
            key: Known(
                None if print_ is None else bytes(print_).hex(),
                DossierStatus(status), from_us(at), frozenset(steps[id_]), version,
            )
            for key, print_, status, at, id_, version in found
        }  # fmt: skip

    def exchange(
        self,
        partner: str,
        operations: Mapping[str, Operation],
        *,
        worker: str,
        settled: Sequence[Settled],
        state: PartnerState | None,
        want: int,
        lease: timedelta,
        now: datetime,
    ) -> Turn:
        with self._write() as sql:
            return outbox.exchange(
                sql, self._tenant, partner, operations,
                worker=worker, settled=settled, state=state, want=want, lease=lease, now=now,
            )  # fmt: skip

    def next_due(self, partner: str) -> datetime | None:
        with self._read() as sql:
            due = sql.row("next_due", tenant=self._tenant, partner=partner)[0]
            hold = outbox.read_partner(sql, self._tenant, partner).hold_until
        if due is None:
            return None
        return from_us(due) if hold is None else max(from_us(due), hold)

    def status(self) -> list[PartnerStatus]:
        with self._read() as sql:
            return reports.status(sql, self._tenant)

    def totals(self) -> dict[str, int]:
        """How many dossiers and how many changes of each kind the ledger holds."""
        with self._read() as sql:
            return reports.totals(sql, self._tenant)

    def dead_letters(self) -> list[DeadLetter]:
        with self._read() as sql:
            return reports.dead_letters(sql, self._tenant)

    def timeline(self, code: DossierCode) -> list[TimelineEntry]:
        with self._read() as sql:
            return reports.timeline(sql, self._tenant, code.key)

    def broken_link(self, code: DossierCode) -> int | None:
        """The first version of the dossier whose hash does not follow from its predecessor; None when all do."""
        with self._read() as sql:
            return reports.broken_link(sql, self._tenant, code.key)

    def requeue(self, ids: Sequence[int], *, now: datetime) -> list[int]:
        """Make dead letters pending again, in lane order; returns the ids that were dead."""
        with self._write() as sql:
            return reports.requeue(sql, self._tenant, ids, to_us(now))


def driver_connection(connection: object) -> Any:
    """
    The database driver's connection behind a caller's object.

    Takes a DB-API connection, an SQLAlchemy ``Connection`` or ``Session``, or Django's connection wrapper.
    """
    found: Any = connection
    if hasattr(found, "get_bind") and callable(getattr(found, "connection", None)):
        found = found.connection()
    if isinstance(found, sa.Connection):
        # SQLAlchemy commits only a transaction that it knows of, and it begins one with its own first statement.
        found.exec_driver_sql("SELECT 1")
        found = found.connection.dbapi_connection
    elif not isinstance(found, sqlite3.Connection) and isinstance(
        getattr(found, "connection", None), sqlite3.Connection
    ):
        found = found.connection
    if not isinstance(found, sqlite3.Connection):
        raise TypeError(f"connection: expected a connection to SQLite, got {type(connection).__name__}")
    return found


@contextmanager
def _part_of(connection: Any) -> Iterator[Statements]:
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
            yield Statements(cursor)
            cursor.execute("RELEASE accepting")
        except BaseException:
            if connection.in_transaction:
                cursor.execute("ROLLBACK TO accepting")
                cursor.execute("RELEASE accepting")
            raise
    finally:
        cursor.close()


def _connect(path: Path, busy: timedelta) -> sqlite3.Connection:
    with suppress(OSError):
        # Personal data: only the account of the gateway may read it. SQLite gives its other files the same mode, and
        # says better than we could why a file cannot be made.
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


def _revision(connection: sqlite3.Connection) -> str | None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'lt_schema'").fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM lt_schema").fetchone()
    return None if row is None else str(row[0])


def _engine(path: Path) -> sa.Engine:
    """An engine for migrations only; each one is a single transaction that other processes wait for."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), poolclass=sa.NullPool, connect_args={"isolation_level": None}
    )

    @sa.event.listens_for(engine, "begin")
    def begin_at_once(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
