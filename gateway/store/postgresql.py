"""
The store in PostgreSQL: the shared one, for any number of workers on any number of machines.

Nobody waits for anybody to claim: rows that another worker looks at are passed over. Leases go by the server's clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from gateway.errors import StoreError, StoreFull, StoreUnavailable
from gateway.model import Change
from gateway.ports import Receipt
from gateway.store.answers import Answer, Asked
from gateway.store.base import Heard, SqlStore
from gateway.store.callers import postgresql_connection
from gateway.store.contract import Route
from gateway.store.cutting import LOOK_S, STUCK_S, InUse
from gateway.store.listener import Listener
from gateway.store.planner import is_time_to_look, tell_planner
from gateway.store.schema import Found, migrate
from gateway.store.sql import Statements

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

COLLISIONS = (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure)
"""Two producers told the same under different names at once, or waited for each other: the loser reads again."""
TRIES = 5
_SAID = re.compile(r".* failed: (.*)")
_ACCOUNT = re.compile(
    r"FATAL: +(.*password authentication|.*pg_hba\.conf|role .* (does not exist|is not permitted)|permission denied)"
    r"|fe_sendauth: no password"
)
_DATABASE = re.compile(r"FATAL: +database .* does not exist")
_NOT_LET_IN = (pg.InvalidPassword, pg.InvalidAuthorizationSpecification, pg.InsufficientPrivilege)
FOLD_EVERY = 50
FOLD_AT_MOST = 5_000
"""So many rows of counts are folded together at every so many commits of a process; at the next when some are left."""


@contextmanager
def _faults(place: str) -> Iterator[None]:
    """Say what the server cannot do in words that an operator can act on; never with values."""
    try:
        yield
    except (psycopg.Error, PoolTimeout) as exc:
        raise _translated(exc, place) from exc


def _translated(exc: Exception, place: str) -> StoreError:
    if isinstance(exc, pg.DiskFull | pg.OutOfMemory | pg.InsufficientResources):
        return StoreFull(
            f"Hết chỗ trên máy chủ {place}; chưa nhận thay đổi này, những gì đã nhận vẫn còn. "
            "Giải phóng dung lượng rồi gửi lại. "
            "/ No room left on the database server; this change was not accepted, earlier ones are safe."
        )
    if isinstance(exc, _NOT_LET_IN) or _refused_at_the_door(exc, _ACCOUNT):
        return StoreUnavailable(
            f"Máy chủ {place} không cho tài khoản này vào. Kiểm tra tên, mật khẩu và quyền. "
            "/ The database server refuses this account; check its name, password and rights."
        )
    if isinstance(exc, pg.InvalidCatalogName) or _refused_at_the_door(exc, _DATABASE):
        return StoreUnavailable(
            f"Máy chủ {place} không có cơ sở dữ liệu này. Tạo nó, hoặc sửa database.url. "
            "/ There is no such database on the server; create it or correct database.url."
        )
    if isinstance(exc, pg.QueryCanceled):
        return StoreUnavailable(
            f"Máy chủ {place} trả lời quá lâu. Xem ai giữ khóa (pg_stat_activity), ổ đĩa và tải của máy chủ. "
            "/ PostgreSQL took too long to answer; look for who holds locks, and at the server's disk and load."
        )
    if isinstance(exc, pg.ReadOnlySqlTransaction):
        return StoreUnavailable(
            f"Máy chủ {place} chỉ cho đọc, có lẽ là bản dự phòng. Ghi máy chủ chính vào database.url, hoặc nhiều máy "
            "chủ với target_session_attrs=read-write. / PostgreSQL only reads there, perhaps a standby: name the "
            "primary in database.url, or several servers with target_session_attrs=read-write."
        )
    if isinstance(exc, psycopg.OperationalError | PoolTimeout):
        return StoreUnavailable(
            f"Không nối được tới PostgreSQL {place}, hoặc đường nối bị đứt. Kiểm tra máy chủ và mạng. "
            "/ PostgreSQL cannot be reached, or the connection broke; check server and network."
        )
    state = getattr(exc, "sqlstate", None) or type(exc).__name__
    return StoreUnavailable(f"PostgreSQL {place} báo lỗi {state}. / PostgreSQL reports an error.")


def _refused_at_the_door(exc: Exception, reason: re.Pattern[str]) -> bool:
    """
    Whether the server refused the connection for this reason: then the driver has its words, and no code.

    What stands before them is the address, and may be any word.
    """
    if not isinstance(exc, psycopg.OperationalError) or exc.sqlstate is not None:
        return False
    return any(reason.match(words) for words in _SAID.findall(str(exc)))


class PostgresStore(SqlStore):
    """
    ``Store`` on a PostgreSQL server, 14 or later. Safe for any number of processes on any number of machines.

    Opening migrates the database to this release. With *server_clock* false the caller's clock rules leases too, which
    is for tests with a clock of their own.
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str,
        pool: int = 4,
        patience: timedelta = timedelta(seconds=30),
        server_clock: bool = True,
        heard: Heard | None = None,
    ) -> None:
        self._url = url
        self._tenant = tenant
        self._server_clock = server_clock
        self._heard = heard
        self._commits = count(1)
        self._tidied = count()
        self._more_to_fold = False
        self._place = _place(url)
        self._alive = alive = _alive(patience)
        with _faults(self._place):
            with psycopg.connect(url, autocommit=True, **alive) as connection:
                found = _found(connection)
            migrate(lambda: _engine(url, alive), found)
            self._in_use = InUse(longest_s=3 * patience.total_seconds())
            self._pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
                url,
                min_size=1,
                max_size=pool,
                timeout=patience.total_seconds(),
                kwargs={"autocommit": True, **alive},
                configure=self._bounded(patience),
                check=self._check,
                open=True,
            )

    def hurry(self, within: timedelta) -> None:
        self._pool.timeout = min(self._pool.timeout, max(STUCK_S, within.total_seconds()))
        self._in_use.hurry(within.total_seconds(), lambda: self._pool.close(timeout=LOOK_S))

    def close(self) -> None:
        self._in_use.close()
        self._pool.close()

    def _check(self, connection: psycopg.Connection[Any]) -> None:
        with self._in_use.of(connection):
            ConnectionPool.check_connection(connection)

    @contextmanager
    def _write(self) -> Iterator[Statements]:
        with _faults(self._place), self._pool.connection() as connection, self._in_use.of(connection):
            heard = self._hearing(connection)
            with _left_where_it_only_reads(connection), connection.transaction(), connection.cursor() as cursor:
                yield self._statements(cursor, heard)
                heard("commit")
            heard("committed")
            if is_time_to_look(next(self._commits)):
                with suppress(psycopg.Error):
                    # What was asked for is committed, whatever comes of this.
                    tell_planner(connection)

    @contextmanager
    def _read(self) -> Iterator[Statements]:
        with (
            _faults(self._place),
            self._pool.connection() as connection,
            self._in_use.of(connection),
            connection.transaction(),
        ):
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with connection.cursor() as cursor:
                yield self._statements(cursor, self._hearing(connection))

    @contextmanager
    def _part_of(self, connection: object) -> Iterator[Statements]:
        """A connection that commits each statement by itself, and is in no transaction, gets one for the block."""
        found = postgresql_connection(connection)
        with _faults(self._place):
            if not found.autocommit and found.info.transaction_status is TransactionStatus.IDLE:
                # Else the block below would be the whole transaction, and commit it.
                found.execute("SELECT 1")
            with found.transaction(), psycopg.Cursor(found) as cursor:
                yield self._statements(cursor, self._heard)

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
        backfill: bool = False,
    ) -> list[Receipt]:
        known_routes = tuple(routes)
        return _past_collisions(
            lambda: super(PostgresStore, self).accept(
                changes, known_routes, now=now, connection=connection, backfill=backfill
            )
        )

    def _accept_together(
        self, asked: Sequence[Asked], routes: tuple[Route, ...], now: datetime
    ) -> list[Answer | Exception]:
        return _past_collisions(lambda: super(PostgresStore, self)._accept_together(asked, routes, now))

    def _ahead(self, sql: Statements, now: datetime) -> timedelta:
        if not self._server_clock:
            return timedelta(0)
        (server_now,) = sql.row("server_clock")
        ahead: timedelta = server_now - now
        return ahead

    def _tidy(self, sql: Statements) -> None:
        if next(self._tidied) % FOLD_EVERY == 0 or self._more_to_fold:
            (folded,) = sql.row("fold_tally", want=FOLD_AT_MOST)
            self._more_to_fold = folded == FOLD_AT_MOST

    def listen(self, wake: Callable[[str], None]) -> Callable[[], None]:
        listener = Listener(self._url, self._tenant, wake, self._alive)
        return listener.close

    def _statements(self, cursor: psycopg.Cursor[Any], heard: Heard | None) -> Statements:
        return Statements(cursor, "postgresql", self._tenant, heard)

    def _hearing(self, connection: psycopg.Connection[Any]) -> Heard:
        """Whoever hears of statements, and the watch over *connection*."""

        def heard(what: str) -> None:
            if self._heard is not None:
                self._heard(what)
            self._in_use.asks(connection)

        return heard

    def _bounded(self, patience: timedelta) -> Callable[[psycopg.Connection[Any]], None]:
        """
        A process that freezes inside a transaction loses it after *patience*: others need the rows that it holds. The
        server gives up a statement after twice as long, and a server that does not do even that is given up itself.
        """
        idle_ms = round(patience.total_seconds() * 1000)

        def configure(connection: psycopg.Connection[Any]) -> None:
            with self._in_use.of(connection):
                connection.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', %s, false),"
                    " set_config('statement_timeout', %s, false)",
                    (f"{idle_ms}ms", f"{2 * idle_ms}ms"),
                )

        return configure


class _Collision(StoreUnavailable):
    """Somebody else wrote the same first."""


@contextmanager
def _left_where_it_only_reads(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """After a failover the server is a copy of another one, to which a new connection may lead."""
    try:
        yield
    except pg.ReadOnlySqlTransaction:
        connection.close()
        raise


def _past_collisions(work: Callable[[], T]) -> T:
    """Do *work* again where another producer wrote the same first: now it is a repeat."""
    for attempt in Retrying(
        retry=retry_if_exception_type(_Collision),
        stop=stop_after_attempt(TRIES),
        wait=wait_random(0, 0.02),
        reraise=True,
    ):
        with attempt, _collisions():
            return work()
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _collisions() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as exc:
        if isinstance(exc.__cause__, COLLISIONS):
            raise _Collision(*exc.args) from exc.__cause__
        raise


def _alive(patience: timedelta) -> dict[str, Any]:
    """A server that went silent is given up within about *patience*; TCP alone would wait for a quarter of an hour."""
    seconds = max(1, round(patience.total_seconds()))
    return {
        "connect_timeout": max(2, seconds // 3),
        "keepalives_idle": max(1, seconds // 3),
        "keepalives_interval": max(1, seconds // 6),
        "keepalives_count": 3,
        "tcp_user_timeout": seconds * 1000,
    }


def _place(url: str) -> str:
    """Host, port and database of *url*: never a name or a password."""
    with suppress(psycopg.ProgrammingError):
        known = conninfo_to_dict(url)
        return f"«{known.get('host', 'local')}:{known.get('port', 5432)}/{known.get('dbname', '')}»"
    return "«database.url»"


def _engine(url: str, alive: Mapping[str, Any]) -> sa.Engine:
    """An engine for migrations only."""
    import sqlalchemy as sa

    return sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, **alive), poolclass=sa.NullPool
    )


def _found(connection: psycopg.Connection[Any]) -> Found:
    def rows(table: str, query: Any) -> list[Any]:
        known = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
        return [] if known is None or known[0] is None else connection.execute(query).fetchall()

    revisions = rows("lt_schema", "SELECT version_num FROM lt_schema")
    releases = rows("lt_release", "SELECT revision, readable_from FROM lt_release")
    return Found(revisions[0][0] if revisions else None, dict(releases))
