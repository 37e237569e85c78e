"""
What operators see and order over HTTP: backlogs, dead letters, requeue, pause. The deeds enter the audit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gateway.access import Right
from gateway.choice import Choice, cause_of, chosen
from gateway.model import DossierCode, subject_of
from gateway.service.access import Caller
from gateway.service.context import Service
from gateway.service.published.pages import Cursor, Limit, cursor, place
from gateway.service.published.problems import Refusal, documented
from gateway.service.published.schema import takes
from gateway.service.published.shapes import PartnerState, Text
from gateway.service.requests.bodies import raw, read_json
from gateway.store.views import DeadLetter

_REFUSALS = documented(
    "unauthenticated", "forbidden", "malformed", "too-large", "unsupported-type", "invalid-input", "store-unavailable",
    "store-full",
)  # fmt: skip
MOST_ORDER_BYTES = 64 * 1024
Partner = Annotated[str, Path(max_length=63, description="Tên trong cấu hình / Its configured name")]


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PauseOrder(_Order):
    """Stop sending to a partner, or with *dossier* only of one dossier."""

    reason: Annotated[Text, Field(min_length=1)]
    dossier: DossierCode | None = None


class ResumeOrder(_Order):
    """Go on where a pause stopped."""

    reason: Text = ""
    dossier: DossierCode | None = None


class RequeueOrder(_Order):
    """
    Let dead letters try again, of those that the caller's list shows: those of *ids*, or all that fit *partner*,
    *cause* and *dossier*, of which at least one is given. At most *per_minute* dossiers in a minute; without it, as
    configured. Letters of unknown outcome are looked up first; *not_there* says that a person has looked and found
    nothing.
    """

    reason: Text = ""
    ids: Annotated[tuple[int, ...], Field(max_length=1000)] = ()
    partner: str | None = None
    cause: str | None = None
    dossier: DossierCode | None = None
    per_minute: Annotated[int | None, Field(ge=1, le=100_000)] = None
    not_there: bool = False


class Requeued(BaseModel):
    """The letters that will be tried again, the last lane opening at *opened_by*."""

    ids: list[int]
    opened_by: datetime


class Letter(BaseModel):
    """A message that waits for a person, with its cause; *waiting_behind* messages wait behind it."""

    id: int
    partner: str
    operation: str
    dossier: str
    code: str
    text: str
    cause: str
    since: datetime
    attempts: int
    waiting_behind: int

    @staticmethod
    def of(letter: DeadLetter) -> Letter:
        known = {name: getattr(letter, name) for name in Letter.model_fields}
        return Letter(**{**known, "cause": cause_of(letter)})


class LetterPage(BaseModel):
    items: list[Letter]
    next: str | None


class PartnerStates(BaseModel):
    items: list[PartnerState]


SHAPES = (PauseOrder, ResumeOrder, RequeueOrder)

_PAUSE: TypeAdapter[PauseOrder] = TypeAdapter(PauseOrder)
_RESUME: TypeAdapter[ResumeOrder] = TypeAdapter(ResumeOrder)
_REQUEUE: TypeAdapter[RequeueOrder] = TypeAdapter(RequeueOrder)


def routes(service: Service) -> APIRouter:
    """GET /v1/partners, /v1/dead-letters; POST /v1/partners/{partner}/pause, …/resume, /v1/dead-letters/requeue."""
    router = APIRouter(prefix="/v1", tags=["Vận hành / Operation"], responses=_REFUSALS)
    gateway, depth = service.gateway, service.settings.max_depth
    operator = Depends(service.access.needs(Right.OPERATE))

    async def body(request: Request) -> bytes:
        return await raw(request, MOST_ORDER_BYTES)

    content = Depends(body)

    def within(caller: Caller) -> list[DeadLetter]:
        return [each for each in gateway.dead_letters() if caller.grant.covers(subject_of(each.dossier))]

    @router.get("/partners")
    def partners(_caller: Caller = operator) -> PartnerStates:
        """Tồn đọng của từng đối tác. / The backlog of every partner."""
        return PartnerStates(items=[PartnerState.of(status) for status in gateway.status()])

    @router.post("/partners/{partner}/pause", status_code=204, openapi_extra=takes(PauseOrder))
    def pause(partner: Partner, request: Request, caller: Caller = operator, order: bytes = content) -> None:
        """Tạm ngừng gửi cho đối tác hoặc một hồ sơ. / Stop sending to a partner, or of one dossier."""
        said = read_json(request, order, _PAUSE, depth)
        _may_touch(caller, said.dossier)
        gateway.operations_of(caller.actor).pause(partner, dossier=said.dossier, reason=said.reason)

    @router.post("/partners/{partner}/resume", status_code=204, openapi_extra=takes(ResumeOrder))
    def resume(partner: Partner, request: Request, caller: Caller = operator, order: bytes = content) -> None:
        """Gửi tiếp sau khi tạm ngừng. / Go on after a pause."""
        said = read_json(request, order, _RESUME, depth)
        _may_touch(caller, said.dossier)
        gateway.operations_of(caller.actor).resume(partner, dossier=said.dossier, reason=said.reason)

    @router.get("/dead-letters")
    def dead_letters(caller: Caller = operator, cursor_: Cursor = None, limit: Limit = 100) -> LetterPage:
        """Thông điệp chờ người xử lý, cũ trước. / Messages that wait for a person, oldest first."""
        after = place(cursor_)
        found = (letter for letter in within(caller) if letter.id > after)
        page = sorted(found, key=lambda letter: letter.id)[:limit]
        return LetterPage(
            items=[Letter.of(letter) for letter in page], next=cursor(page[-1].id) if len(page) == limit else None
        )

    @router.post("/dead-letters/requeue", openapi_extra=takes(RequeueOrder))
    def requeue(request: Request, caller: Caller = operator, order: bytes = content) -> Requeued:
        """Cho gửi lại thông điệp chết, có nhịp, đúng thứ tự. / Let dead letters try again, paced and in order."""
        said = read_json(request, order, _REQUEUE, depth)
        if not said.ids and said.partner is None and said.cause is None and said.dossier is None:
            raise Refusal("malformed", "cần một trong / one is needed: ids, partner, cause, dossier")
        # Letters of other agencies are not there for this caller, so that their numbers and causes tell nothing.
        choice = Choice(ids=said.ids, partner=said.partner, cause=said.cause, dossier=said.dossier)
        letters = chosen(within(caller), choice)
        done = gateway.desk.requeue(
            [letter.id for letter in letters],
            actor=caller.actor,
            reason=said.reason,
            per_minute=said.per_minute,
            not_there=said.not_there,
        )
        return Requeued(ids=list(done.ids), opened_by=done.opened_by)

    return router


def _may_touch(caller: Caller, dossier: DossierCode | None) -> None:
    """A whole partner is for those alone who stand for all agencies."""
    if dossier is not None:
        caller.must_cover(dossier)
    elif caller.grant.agencies is not None:
        raise Refusal("forbidden", "chỉ khóa của mọi đơn vị / only for a key of all agencies")
