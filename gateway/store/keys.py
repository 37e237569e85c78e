"""
API keys as the store keeps them: by the hash of their secret, never the secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.store import audit
from gateway.store.audit import Act
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key; *agencies* is None where it is for all of the tenant's."""

    id: str
    name: str
    hash: bytes
    rights: tuple[str, ...]
    agencies: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


def add(sql: Statements, key: KeyRow, act: Act) -> None:
    sql.run(
        "add_key",
        id=key.id, name=key.name, hash=key.hash, rights=" ".join(key.rights),
        agencies=orjson.dumps(key.agencies).decode(),
        created_at=to_us(key.created_at), expires_at=to_us(key.expires_at),
    )  # fmt: skip
    audit.append(sql, act, "key.create", _subject(key), " ".join(key.rights))


def find(sql: Statements, id_: str) -> KeyRow | None:
    row = sql.row("key_by_id", id=id_)
    return None if row is None else _key(row)


def everyone(sql: Statements) -> Sequence[KeyRow]:
    return [_key(row) for row in sql.rows("keys")]


def revoke(sql: Statements, key: KeyRow, act: Act) -> None:
    sql.run("revoke_key", id=key.id, at=to_us(act.at))
    audit.append(sql, act, "key.revoke", _subject(key))


def end(sql: Statements, key: KeyRow, at: datetime, act: Act) -> None:
    sql.run("end_key", id=key.id, at=to_us(at))
    audit.append(sql, act, "key.end", _subject(key), at.isoformat())


def _subject(key: KeyRow) -> str:
    return f"{key.name}/{key.id}"


def _key(row: Any) -> KeyRow:
    id_, name, hash_, rights, agencies, created_at, expires_at, revoked_at = row
    known = orjson.loads(agencies)
    return KeyRow(
        id_, name, bytes(hash_), tuple(rights.split()), None if known is None else tuple(known),
        from_us(created_at), from_us(expires_at), None if revoked_at is None else from_us(revoked_at),
    )  # fmt: skip
