"""
A row for each change in a table of the province's own database: inserted once by its key, whatever happens in between.

The table is the province's: nothing is created, altered or deleted in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from connectors.provincial.onestop.settings import OneStopSettings, Value
from connectors.provincial.onestop.wire import Told
from gateway.errors import ConfigurationError, DeliveryError, Faulted, OutcomeUnknown, Problem, Rejected, Unreachable

_CONNECTIONS = 4
_WAITS = 6
"""For a connection of the pool, to look, to insert, to commit; for another, to look again. Each may take its part."""
_LEAST_CONNECT_S = 2
"""libpq waits no shorter for a connection."""


class TableClient:
    """Safe for several threads."""

    def __init__(self, partner: str, settings: OneStopSettings) -> None:
        """Raises ``ConfigurationError`` for an address that no installed driver knows. No connection is made."""
        self._partner = partner
        self._columns: dict[Value, str] = dict(settings.columns)
        schema, _, name = settings.table.rpartition(".")
        self._table = sa.table(name, *(sa.column(each) for each in self._columns.values()), schema=schema or None)
        self._key = self._table.c[self._columns["key"]]
        self._each_s = settings.timeout_s / _WAITS
        self._engine = _engine(settings, self._each_s)

    def tell(self, told: Told) -> None:
        """Insert the row unless its key is there. Raises a ``DeliveryError``."""
        with self._faults():
            try:
                self._insert(told)
            except exc.IntegrityError:
                # Asked over a connection of its own: what this one held is taken back, also after a commit that failed.
                if not self.has(told):
                    raise

    def _insert(self, told: Told) -> None:
        fields = told.fields()
        row = {column: fields[value] for value, column in self._columns.items()}
        with self._engine.connect() as connection:
            if self._has(connection, told.key):
                return
            connection.execute(self._table.insert().values(row))
            try:
                connection.commit()
            except exc.DBAPIError as error:
                # Else SQLite would keep the row, uncommitted, for whoever has this connection next to take for true.
                connection.invalidate()
                if _is_taken_back(error):
                    raise
                raise OutcomeUnknown(self._partner, "commit", _LOST) from error

    def has(self, told: Told) -> bool:
        """Whether the row of this key is there. Raises a ``DeliveryError``."""
        with self._faults(), self._engine.connect() as connection:
            return self._has(connection, told.key)

    def check(self) -> None:
        """Reach the table and its columns. Raises a ``DeliveryError``."""
        with self._faults(), self._engine.connect() as connection:
            self._bound(connection)
            connection.execute(sa.select(self._table).limit(1)).all()

    def close(self) -> None:
        self._engine.dispose()

    def _has(self, connection: sa.Connection, key: str) -> bool:
        self._bound(connection)
        return connection.execute(sa.select(self._key).where(self._key == key).limit(1)).first() is not None

    def _bound(self, connection: sa.Connection) -> None:
        """What the province's own work holds back ends in time; for this transaction only, poolers lend connections."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(self._each_s * 1000))}")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """A driver's words may show values: only the kind of its error leaves."""
        try:
            yield
        except exc.SQLAlchemyError as error:
            raise self._fault(error) from error

    def _fault(self, error: exc.SQLAlchemyError) -> DeliveryError:
        kind = _kind(error)
        if isinstance(error, exc.IntegrityError | exc.DataError) or kind.startswith(_OF_A_VIEW):
            return Rejected(self._partner, kind, _NOT_TAKEN)
        if kind.startswith(_FOR_NOW):
            return Faulted(self._partner, kind, _NOT_TAKEN)
        if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
            return Unreachable(self._partner, kind, _NOT_REACHED)
        return Unreachable(self._partner, kind, _NOT_USABLE)


_LOST = "mất kết nối khi ghi, chưa biết đã ghi chưa / the connection broke in the commit"
_NOT_TAKEN = "cơ sở dữ liệu của tỉnh không nhận dòng này / the province's database refuses this row"
_NOT_REACHED = "không nối được tới cơ sở dữ liệu của tỉnh / the province's database cannot be reached"
_NOT_USABLE = "bảng hoặc cột không dùng được; kiểm tra table, columns và quyền / the table or a column cannot be used"


_OF_A_VIEW = "44"
"""SQLSTATEs of a view that takes only certain rows."""
_FOR_NOW = ("40", "P0")
"""SQLSTATEs of a server that is there: a deadlock and the like, or a trigger that has a reason of its own."""
_TAKEN_BACK = ("22", "23", "25", "40", "42", "44", "57014", "P0")
"""SQLSTATEs, or their classes, of a server that says so when it has rolled back a transaction in its commit."""
_DOUBTFUL = "40003"


def _is_taken_back(error: exc.DBAPIError) -> bool:
    """Whether a commit certainly had no effect: a constraint that is looked at then, a deadlock, a time limit."""
    if isinstance(error, exc.IntegrityError | exc.DataError):
        return True
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return state.startswith(_TAKEN_BACK) and state != _DOUBTFUL


def _kind(error: exc.SQLAlchemyError) -> str:
    origin = getattr(error, "orig", None)
    return str(getattr(origin, "sqlstate", None) or type(origin or error).__name__)


def longest_s(settings: OneStopSettings) -> float:
    """Seconds that a delivery takes at most, the connection included."""
    return settings.timeout_s + max(_LEAST_CONNECT_S, settings.connect_timeout_s)


def _engine(settings: OneStopSettings, each_s: float) -> sa.Engine:
    try:
        url = sa.make_url(settings.database_url.get_secret_value())
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        return sa.create_engine(
            url,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=each_s,
            pool_pre_ping=True,
            connect_args=_waits(url.drivername, settings.connect_timeout_s, each_s),
            hide_parameters=True,
        )
    except (exc.ArgumentError, ImportError):
        raise ConfigurationError(
            [
                Problem(
                    "database_url_env",
                    "không phải địa chỉ SQLAlchemy, hoặc thiếu gói truy cập / is no SQLAlchemy address, or its driver"
                    " is missing",
                    "Ví dụ / For example: postgresql+psycopg://account@host/database",
                )
            ]
        ) from None


def _waits(driver: str, connect_s: float, each_s: float) -> dict[str, Any]:
    """How long the driver waits by itself; a server that went silent is given up too."""
    if "psycopg" in driver:
        seconds = max(1, round(each_s))
        return {
            "connect_timeout": max(1, round(connect_s)),
            "keepalives_idle": seconds,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": seconds * 1000,
        }
    return {"timeout": each_s} if driver.startswith("sqlite") else {}
