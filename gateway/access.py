"""
Who may do what over the network: rights, their scope, and the API keys that carry them.

Everything is denied that no grant allows. A key's secret is shown once, when it is made; the store has its hash. It has
256 bits of chance, so that a plain SHA-256 of it cannot be searched, and checking it costs a request nothing.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from gateway.desk import kept_reason, needed_reason
from gateway.errors import InvalidInput
from gateway.model import AgencyCode, Subject
from gateway.model.text import show
from gateway.ports import Clock
from gateway.store import keys
from gateway.store.audit import Act
from gateway.store.keys import KeyRow
from gateway.store.transactions import Transactions

LONGEST_LIFE: Final = timedelta(days=3650)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_TOKEN: Final = re.compile(r"lt_([a-z2-7]{10})_([A-Za-z0-9_-]{43})", re.ASCII)
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_NOBODYS: Final = bytes(32)


class Right(StrEnum):
    """What a caller may be allowed to do."""

    SUBMIT = "submit"
    READ = "read"
    IMPORT = "import"
    OPERATE = "operate"
    CHANGES = "changes"
    METRICS = "metrics"


RIGHTS: Final = {
    Right.SUBMIT: "gửi hồ sơ và tiến độ / submit dossiers and steps",
    Right.READ: "đọc hồ sơ, tiến độ, tình trạng gửi / read dossiers, timelines, states of delivery",
    Right.IMPORT: "nhập tệp xuất / import export files",
    Right.OPERATE: "vận hành: xem tồn đọng, gửi lại, tạm ngừng / operate: see backlogs, requeue, pause",
    Right.CHANGES: "lấy thay đổi cho hệ thống một cửa / pull changes for the one-stop system",
    Right.METRICS: "đọc số đo / read metrics",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What *name* may do: *rights* over the dossiers of *agencies* and of what belongs to them; None is all agencies.

    *name* is also the source under which its changes enter the ledger, so it outlives a rotated key.
    """

    name: str
    rights: frozenset[Right]
    agencies: tuple[AgencyCode, ...] | None

    def allows(self, right: Right) -> bool:
        return right in self.rights

    def covers(self, code: Subject) -> bool:
        """Whether what the agency in *code* has to do with is within the scope."""
        if self.agencies is None:
            return True
        agency = code.agency.forward
        return any(agency == each.forward or agency.startswith(f"{each.forward}.") for each in self.agencies)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be listed: everything but its secret."""

    id: str
    grant: Grant
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; *token* is shown this one time and kept nowhere."""

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"NewKey({self.key.id})"


@dataclass(frozen=True)
class ApiKeys:
    """Makes, checks, rotates and revokes API keys; each deed of *actor* is audited."""

    store: Transactions
    clock: Clock
    actor: str

    def create(
        self, name: str, rights: Iterable[str], *, agencies: Sequence[str] | None, life: timedelta, reason: str = ""
    ) -> NewKey:
        """
        A new key for *name*; *agencies* None is all of the tenant's. Raises ``InvalidInput``.
        """
        return self._make(grant_of(name, rights, agencies), _bounded(life), reason)

    def rotate(self, id_: str, *, overlap: timedelta, life: timedelta, reason: str = "") -> NewKey:
        """
        A new key with the grant of the key *id_*, which itself goes on for *overlap* at most. Raises ``InvalidInput``.
        """
        old = self._known(id_)
        now = self.clock.now()
        if not _listed(old).usable(now):
            raise _refused_key(id_, "không còn dùng được / can no longer be used", "Tạo khóa mới / Make a new key")
        return self._make(_grant(old), _bounded(life), reason, ends=(old, now + overlap))

    def revoke(self, id_: str, *, reason: str) -> ApiKey:
        """End the key *id_* at once. Raises ``InvalidInput``, also without a reason."""
        said = needed_reason(reason)
        old = self._known(id_)
        now = self.clock.now()
        with self.store.writing() as sql:
            keys.revoke(sql, old, Act(self.actor, now, said))
        return _listed(replace(old, revoked_at=old.revoked_at or now))

    def list(self) -> list[ApiKey]:
        """All keys, also those that ended."""
        with self.store.reading() as sql:
            return [_listed(row) for row in keys.everyone(sql)]

    def check(self, token: str) -> ApiKey | None:
        """The key that *token* is the secret of, if it may be used now; compared in constant time."""
        found = _TOKEN.fullmatch(token)
        row = None
        if found is not None:
            with self.store.reading() as sql:
                row = keys.find(sql, found[1])
        right = hmac.compare_digest(_hash(token), _NOBODYS if row is None else row.hash)
        if row is None or not right:
            return None
        key = _listed(row)
        return key if key.usable(self.clock.now()) else None

    def _make(
        self, grant: Grant, life: timedelta, reason: str, *, ends: tuple[KeyRow, datetime] | None = None
    ) -> NewKey:
        id_ = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        token = f"lt_{id_}_{secrets.token_urlsafe(32)}"
        now = self.clock.now()
        row = KeyRow(
            id_, grant.name, _hash(token), tuple(sorted(grant.rights)),
            None if grant.agencies is None else tuple(agency.text for agency in grant.agencies), now, now + life,
        )  # fmt: skip
        act = Act(self.actor, now, kept_reason(reason))
        with self.store.writing() as sql:
            keys.add(sql, row, act)
            if ends is not None:
                keys.end(sql, *ends, act)
        return NewKey(_listed(row), token)

    def _known(self, id_: str) -> KeyRow:
        with self.store.reading() as sql:
            row = keys.find(sql, id_)
        if row is None:
            raise _refused_key(
                id_, "không có / does not exist", "Xem «lienthong keys list» / See «lienthong keys list»"
            )
        return row


def grant_of(name: str, rights: Iterable[str], agencies: Sequence[str] | None) -> Grant:
    """A grant from words. Raises ``InvalidInput`` for a name, right or agency that is none."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "tên / name",
            show(name),
            "không hợp lệ / is not valid",
            "Chữ thường, chữ số, - và _, bắt đầu bằng chữ / Small letters, digits, - and _, a letter first",
        )
    wanted = list(rights)
    unknown = [right for right in wanted if right not in set(Right)]
    if unknown or not wanted:
        raise InvalidInput(
            "quyền / rights",
            show(" ".join(unknown)),
            "không có quyền này / there is no such right" if unknown else "để trống / is empty",
            f"Chọn trong / Choose from: {', '.join(Right)}",
        )
    if agencies is not None and not agencies:
        raise InvalidInput(
            "đơn vị / agencies",
            "",
            "để trống / is empty",
            "Ghi mã đơn vị, hoặc nói rõ là mọi đơn vị / Give agency codes, or say that all are meant",
        )
    scope = None if agencies is None else tuple(AgencyCode.parse(agency) for agency in agencies)
    return Grant(name, frozenset(Right(right) for right in wanted), scope)


def _bounded(life: timedelta) -> timedelta:
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise InvalidInput(
            "thời hạn / life",
            f"{life.days} ngày / days",
            "ngoài khoảng cho phép / is out of range",
            f"Từ 1 đến {LONGEST_LIFE.days} ngày / Between 1 and {LONGEST_LIFE.days} days",
        )
    return life


def _grant(row: KeyRow) -> Grant:
    known = frozenset(Right(right) for right in row.rights if right in set(Right))
    agencies = None if row.agencies is None else tuple(AgencyCode.parse(agency) for agency in row.agencies)
    return Grant(row.name, known, agencies)


def _listed(row: KeyRow) -> ApiKey:
    return ApiKey(row.id, _grant(row), row.created_at, row.expires_at, row.revoked_at)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _refused_key(id_: str, reason: str, remedy: str) -> InvalidInput:
    return InvalidInput("khóa / key", show(id_), reason, remedy)
