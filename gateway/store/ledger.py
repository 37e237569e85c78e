"""
Writing accepted changes: de-duplicate, advance the status, chain the hashes, and lay out the rows.

Decisions are made over what was read in one go, rows are written in bulk; the caller owns the transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any

from gateway.errors import ConflictingRepeat, IllegalTransition, InvalidInput
from gateway.lifecycle import Advance, advance
from gateway.model import (
    Change,
    Dossier,
    DossierStatus,
    Matter,
    Notice,
    Origin,
    ProcessingStep,
    Subject,
    Told,
    body_json,
)
from gateway.observe.tracing import trace_now
from gateway.ports import Receipt, Speaker
from gateway.store.contract import Route
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements, ids
from gateway.store.tally import Tally

GENESIS = bytes(32)
_LATE, _FROM_PORTAL = Advance.LATE, Origin.PORTAL.value
MATTER = "matter"
"""The origin of what is no dossier. It has no status, so nobody reads what its row says of one."""


def source_key(tenant: str, source: str, source_id: str) -> str:
    """The unique key of one source's event, short and of even length."""
    return blake2b(f"{tenant}\0{source}\0{source_id}".encode(), digest_size=16).hexdigest()


def chain_hash(
    previous: bytes, version: int, kind: str, source: str, source_id: str, at_us: int, print_: bytes
) -> bytes:
    """The hash of one change over its predecessor's; a changed, missing or inserted row breaks the chain after it."""
    head = f"{version}\0{kind}\0{source}\0{source_id}\0{at_us}\0".encode()
    return sha256(previous + head + print_).digest()


@dataclass(slots=True)
class Prepared:
    """A change with all that can be made of it before the database is asked, and nobody waits for it yet."""

    change: Change
    code: Subject
    body: bytes
    fingerprint: bytes
    source_key: str
    step_key: str | None
    trace: str | None


@dataclass(slots=True)
class _LaneRow:
    state: str
    backfill: bool
    woken: bool = False


@dataclass(slots=True)
class _DossierRow:
    id: int
    key: str
    code: str
    origin: str
    status: DossierStatus
    status_at: datetime
    version: int
    header_fingerprint: bytes | None
    head_hash: bytes
    step_at: datetime | None
    is_new: bool
    touched: bool = False
    lanes: dict[str, _LaneRow] = field(default_factory=dict)


def prepare(tenant: str, changes: Iterable[Change], trace: str | None = None) -> list[Prepared]:
    """*changes* ready to be written; *trace* tells what led to them: without, it is what this thread works for."""
    known = trace_now() if trace is None else trace
    return [_prepare(tenant, change, known or None) for change in changes]


def _prepare(tenant: str, change: Change, trace: str | None) -> Prepared:
    body = body_json(change.body)
    step_key = change.body.identity if isinstance(change.body, ProcessingStep) else None
    print_ = sha256(body).digest()
    return Prepared(
        change, change.dossier, body, print_, source_key(tenant, change.source, change.source_id), step_key, trace
    )


class _Batch:
    """The working state of one call to ``write_changes``."""

    def __init__(self, sql: Statements, now: datetime, routes: Sequence[Route], *, backfill: bool, whole: bool) -> None:
        self._sql = sql
        self._now_us = to_us(now)
        self._routes = routes
        self._speaks = [route.speaks_as if isinstance(route, Speaker) else route.name.__eq__ for route in routes]
        self._backfill = backfill
        self._whole = whole
        self._last_steps: dict[str, ProcessingStep] = {}
        self._dossiers: dict[str, _DossierRow] = {}
        self._by_source: dict[str, bytes] = {}
        self._steps: set[str] = set()
        self._changes: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []
        self._new_lanes: list[dict[str, Any]] = []
        self._repeats: list[dict[str, Any]] = []
        self._woken: list[dict[str, Any]] = []
        self._ids: Iterator[int] = iter(())

    def read(self, prepared: Sequence[Prepared]) -> None:
        keys = sorted({p.code.key for p in prepared})
        if self._whole:
            bodies = (p.change.body for p in prepared)
            self._last_steps = {body.dossier.key: body for body in bodies if isinstance(body, ProcessingStep)}
        # What is read below stays true until the commit: SQLite has one writer, PostgreSQL one for each dossier.
        if self._sql.dialect == "postgresql":
            self._sql.run("lock_dossiers", keys=keys)
        self._ids = iter(ids(self._sql, len(keys) + len(prepared) * len(self._routes)))
        by_id: dict[int, _DossierRow] = {}
        for key, id_, origin, status, status_at, version, print_, head, step_at in self._sql.rows(
            "dossiers", keys=keys
        ):
            row = _DossierRow(
                id_, key, "", origin, DossierStatus(status), from_us(status_at), version, print_, bytes(head),
                None if step_at is None else from_us(step_at), is_new=False,
            )  # fmt: skip
            self._dossiers[key] = by_id[id_] = row
        if by_id:
            partners = [route.name for route in self._routes]
            lanes = self._sql.rows("lanes", partners=partners, dossiers=list(by_id))
            for dossier_id, partner, state, backfill in lanes:
                by_id[dossier_id].lanes[partner] = _LaneRow(state, bool(backfill))
        source_keys = [p.source_key for p in prepared]
        self._by_source = {key: bytes(print_) for key, print_ in self._sql.rows("changes_by_source", keys=source_keys)}
        step_keys = [p.step_key for p in prepared if p.step_key is not None]
        if step_keys:
            self._steps = {row[0] for row in self._sql.rows("changes_by_step", keys=step_keys)}

    def add(self, item: Prepared) -> Receipt:
        change, code = item.change, item.code
        earlier = self._by_source.get(item.source_key)
        row = self._dossiers.get(code.key)
        if earlier is not None:
            if earlier != item.fingerprint:
                return Receipt(code, refusal=_conflict(change))
            return Receipt(code, version=row.version if row else 0, duplicate=True)
        if self._is_known(item, row):
            self._remember(item)
            return Receipt(code, version=row.version if row else 0, duplicate=True)
        try:
            self._check_addressee(change.body)
            effect = self._advance(change.body, row)
            row = row or self._new_dossier(change.body)
        except InvalidInput as refusal:
            return Receipt(code, refusal=refusal)
        told = _may_be_told(change.body, row, effect) or self._leads_on(change.body, row)
        self._append(item, row, effect, told=told)
        if told:
            self._tell(change, row)
        return Receipt(code, version=row.version, advance=effect, kept_back=not told)

    def _check_addressee(self, body: Told) -> None:
        """What is for one partner alone would be told to nobody, and lost."""
        if isinstance(body, Matter) and all(route.name != body.code.partner for route in self._routes):
            raise InvalidInput(
                "partner",
                body.code.partner,
                "không phải đối tác nào được báo / is no partner that is told anything",
                "Ghi tên đối tác như trong cấu hình / Give the partner's name as the configuration has it",
            )

    def _leads_on(self, body: Told, row: _DossierRow) -> bool:
        """Whether *body* is an older step of a history that ends where its dossier stands, or further."""
        last = self._last_steps.get(row.key)
        if last is None or not isinstance(body, ProcessingStep):
            return False
        return last.status is row.status or (last.at > row.status_at and _can_follow(row, last))

    def _is_known(self, item: Prepared, row: _DossierRow | None) -> bool:
        if item.step_key is not None:
            return item.step_key in self._steps
        return row is not None and row.header_fingerprint == item.fingerprint

    def _remember(self, item: Prepared) -> None:
        """
        Keep the id under which something known was told: when the same comes again, the dossier may have moved on, and
        it must still be a repeat.
        """
        self._by_source[item.source_key] = item.fingerprint
        self._repeats.append({"source_key": item.source_key, "fingerprint": item.fingerprint, "at": self._now_us})

    def _advance(self, body: Told, row: _DossierRow | None) -> Advance:
        if isinstance(body, (Notice, Matter)):
            return Advance.SAME
        if row is None:
            return advance(None, None, body.status, _when(body))
        try:
            return advance(row.status, row.status_at, body.status, _when(body))
        except IllegalTransition:
            # What was done on the way to where the dossier stands, by a source that knows days only, or not when it got
            # there: the step bears the same time, or a later one.
            on_the_way = isinstance(body, ProcessingStep) and (body.at == row.status_at or self._leads_on(body, row))
            if self._whole and on_the_way:
                return Advance.LATE
            raise

    def _new_dossier(self, body: Told) -> _DossierRow:
        if isinstance(body, Dossier):
            origin, status, status_at = body.origin.value, body.status, body.status_at
        elif isinstance(body, Matter):
            origin, status, status_at = MATTER, DossierStatus.SUBMITTED, from_us(self._now_us)
        else:
            raise _too_early(body)
        row = _DossierRow(
            id=next(self._ids),
            key=body.code.key,
            code=str(body.code),
            origin=origin,
            status=status,
            status_at=status_at,
            version=0,
            header_fingerprint=None,
            head_hash=GENESIS,
            step_at=None,
            is_new=True,
        )
        self._dossiers[row.key] = row
        return row

    def _append(self, item: Prepared, row: _DossierRow, effect: Advance, *, told: bool) -> None:
        change, body = item.change, item.change.body
        previous = row.head_hash
        row.version += 1
        row.touched = True
        row.head_hash = chain_hash(
            previous, row.version, body.kind, change.source, change.source_id, self._now_us, item.fingerprint
        )
        if effect is not _LATE and not isinstance(body, (Notice, Matter)):
            row.status = body.status
            row.status_at = _when(body)
        if isinstance(body, Matter):
            row.header_fingerprint = item.fingerprint
        elif isinstance(body, Dossier):
            row.header_fingerprint = item.fingerprint
            if row.origin != _FROM_PORTAL:
                # A one-stop system's export does not say where a dossier was born; what the portal gave us stays its.
                row.origin = body.origin.value
        elif isinstance(body, ProcessingStep) and told:
            # The latest step that partners know: one that was kept back lets no other pass.
            row.step_at = body.at if row.step_at is None else max(row.step_at, body.at)
        self._changes.append(
            {
                "dossier_id": row.id,
                "version": row.version,
                "kind": body.kind,
                "source": change.source,
                "source_id": change.source_id,
                "source_key": item.source_key,
                "step_key": item.step_key,
                "fingerprint": item.fingerprint,
                "advance": effect.value,
                "accepted_at": self._now_us,
                "previous_hash": previous,
                "hash": row.head_hash,
                "body": item.body,
                "trace": item.trace,
            }
        )
        self._by_source[item.source_key] = item.fingerprint
        if item.step_key is not None:
            self._steps.add(item.step_key)

    def _tell(self, change: Change, row: _DossierRow) -> None:
        """Everybody who wants to know, but whoever said it; of a matter, only whom it is for."""
        only = change.body.code.partner if isinstance(change.body, Matter) else None
        for route, speaks_as in zip(self._routes, self._speaks, strict=True):
            if only is not None and route.name != only:
                continue
            operation = route.route(change.body.kind, row.origin)
            if operation is not None and not speaks_as(change.source):
                self._enqueue(route.name, operation, row)

    def _enqueue(self, partner: str, operation: str, row: _DossierRow) -> None:
        lane = row.lanes.get(partner)
        place = {
            "partner": partner,
            "dossier_id": row.id,
            "due_at": self._now_us,
            "backfill": int(self._backfill),
        }
        if lane is None:
            row.lanes[partner] = _LaneRow("ready", self._backfill)
            self._new_lanes.append(place)
        elif not lane.woken and (lane.state == "idle" or (lane.backfill and not self._backfill)):
            lane.woken = True
            self._woken.append(place)
        self._messages.append(
            {
                "partner": partner,
                "dossier_id": row.id,
                "id": next(self._ids),
                "version": row.version,
                "operation": operation,
                "since": self._now_us,
            }
        )

    def write(self) -> None:
        rows = [
            {
                "id": row.id,
                "key": row.key,
                "code": row.code,
                "origin": row.origin,
                "status": int(row.status),
                "status_at": to_us(row.status_at),
                "version": row.version,
                "header_fingerprint": row.header_fingerprint,
                "head_hash": row.head_hash,
                "step_at": None if row.step_at is None else to_us(row.step_at),
                "is_new": row.is_new,
            }
            for row in self._dossiers.values()
            if row.touched
        ]
        new = [row for row in rows if row["is_new"]]
        dossiers = sum(row["origin"] != MATTER for row in new)
        self._sql.many("insert_dossier", new)
        self._sql.many("update_dossier", [row for row in rows if not row["is_new"]])
        self._sql.many("insert_change", self._changes)
        self._sql.many("insert_lane", self._new_lanes)
        self._sql.many("wake_lane", self._woken)
        self._sql.many("insert_message", self._messages)
        self._sql.many("insert_repeat", self._repeats)
        self._tally(dossiers).write(self._sql)
        if self._sql.dialect == "postgresql" and (self._new_lanes or self._woken):
            woken = {row["partner"] for row in (*self._new_lanes, *self._woken)}
            self._sql.run("announce", partners=sorted(woken))

    def _tally(self, new_dossiers: int) -> Tally:
        tally = Tally()
        tally.add("", "dossiers", new_dossiers)
        for kind, count in Counter(row["kind"] for row in self._changes).items():
            tally.add("", f"kind:{kind}", count)
        for partner, count in Counter(row["partner"] for row in self._messages).items():
            tally.add(partner, "open", count)
        return tally


def _when(body: Dossier | ProcessingStep) -> datetime:
    return body.at if isinstance(body, ProcessingStep) else body.status_at


def _can_follow(row: _DossierRow, step: ProcessingStep) -> bool:
    try:
        advance(row.status, row.status_at, step.status, step.at)
    except IllegalTransition:
        return False
    return True


def _may_be_told(body: Told, row: _DossierRow, effect: Advance) -> bool:
    """
    Whether partners may hear of *body* without the public status moving back.

    A portal takes its status from every header and from the latest step it knows. So a late header with another
    status stays in the ledger, and a late step is told only where a later step was told before it.
    """
    if effect is not _LATE or isinstance(body, (Notice, Matter)):
        return True
    if isinstance(body, ProcessingStep):
        return row.step_at is not None and body.at <= row.step_at
    return body.status is row.status


def _too_early(body: ProcessingStep | Notice) -> InvalidInput:
    what, english = ("bước xử lý", "steps") if isinstance(body, ProcessingStep) else ("thông báo", "notices")
    return InvalidInput(
        "dossier",
        str(body.dossier),
        f"chưa có trong sổ, nên chưa thể nhận {what} / is not in the ledger yet, so its {english} cannot be taken",
        f"Gửi hồ sơ trước, rồi gửi {what}. / Submit the dossier first, then its {english}.",
    )


def _conflict(change: Change) -> InvalidInput:
    return ConflictingRepeat(
        "source_id",
        change.source_id,
        "đã được nhận trước đây với nội dung khác / was accepted before with another body",
        "Gửi thay đổi mới với mã mới; không dùng lại mã cũ. / Submit the new content under a new source_id.",
    )


def write_changes(
    sql: Statements,
    prepared: Sequence[Prepared],
    routes: Sequence[Route],
    now: datetime,
    *,
    backfill: bool = False,
    whole: bool = False,
) -> list[Receipt]:
    """
    Write changes in order within the caller's transaction; one receipt each.

    A refused change leaves no row; the others are not touched by it. With *whole* the steps of a dossier are one
    history, of which partners are told all when it ends where the dossier stands, or further.
    """
    if not prepared:
        return []
    batch = _Batch(sql, now, routes, backfill=backfill, whole=whole)
    batch.read(prepared)
    receipts = [batch.add(item) for item in prepared]
    batch.write()
    return receipts
