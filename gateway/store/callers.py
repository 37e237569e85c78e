"""
The database driver's connection behind whatever object a caller has: DB-API, SQLAlchemy, Django.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg


def sqlite_connection(connection: object) -> sqlite3.Connection:
    """
    SQLite's connection behind a DB-API connection, an SQLAlchemy ``Connection`` or ``Session``, or Django's wrapper.

    Raises ``TypeError`` for anything else.
    """
    found = _behind(connection, sqlite3.Connection)
    if not isinstance(found, sqlite3.Connection):
        raise TypeError(f"connection: expected a connection to SQLite, got {type(connection).__name__}")
    return found


def postgresql_connection(connection: object) -> psycopg.Connection[Any]:
    """
    The psycopg 3 connection behind a plain one, an SQLAlchemy ``Connection`` or ``Session``, or Django's wrapper.

    Raises ``TypeError`` for anything else.
    """
    import psycopg

    found = _behind(connection, psycopg.Connection)
    if not isinstance(found, psycopg.Connection):
        raise TypeError(f"connection: expected a psycopg 3 connection to PostgreSQL, got {type(connection).__name__}")
    return found


def _behind(connection: object, driver: type) -> object:
    found: Any = connection
    if hasattr(found, "get_bind") and callable(getattr(found, "connection", None)):
        found = found.connection()
    if (sqlalchemy := sys.modules.get("sqlalchemy")) and isinstance(found, sqlalchemy.Connection):
        # SQLAlchemy commits only a transaction that it knows of, and it begins one with its own first statement.
        found.exec_driver_sql("SELECT 1")
        return found.connection.dbapi_connection
    if not isinstance(found, driver) and callable(getattr(found, "ensure_connection", None)):
        found.ensure_connection()
    if not isinstance(found, driver) and isinstance(getattr(found, "connection", None), driver):
        return found.connection
    return found
