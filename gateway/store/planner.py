"""
What PostgreSQL's planner knows of our tables.

A server counts a table anew about a minute after it changed (autovacuum). Until then the planner takes a table that was
just made for a few rows, and answers each look at a key by reading all keys of the tenant: a claim in a new database
cost as much as the backlog was long. So whoever writes looks now and then whether a table has outgrown what is known.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql

LOOK_EVERY = 50
"""Commits of a process between two looks; its first ones are looked at after one, two, four, eight and so on."""
_PATIENCE = "100ms"
_OUTGROWN = """
SELECT c.relname FROM pg_class c
WHERE c.relkind = 'r' AND c.relname LIKE 'lt\\_%' AND pg_table_is_visible(c.oid)
    AND pg_has_role(c.relowner, 'USAGE')
    AND pg_relation_size(c.oid) / current_setting('block_size')::bigint > 2 * c.relpages + 4
ORDER BY c.relname
"""


def is_time_to_look(commits: int) -> bool:
    """Whether to look after so many *commits* of a process: a new database grows fastest at first."""
    return commits % LOOK_EVERY == 0 or commits.bit_count() == 1


def tell_planner(connection: psycopg.Connection[Any]) -> list[str]:
    """
    Have the tables counted that doubled since the server last counted them; their names.

    Outside of transactions, on a connection that commits each statement. Where somebody else counts just now, that is
    enough. Tables of an account that ours does not act for are left to the server: it would refuse, and each time write
    a warning into its log.
    """
    outgrown = [name for (name,) in connection.execute(_OUTGROWN).fetchall()]
    for name in outgrown:
        with suppress(pg.LockNotAvailable), connection.transaction():
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_PATIENCE))
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    return outgrown
