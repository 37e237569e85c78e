"""
Dossiers and steps in: singly and in batches, each request with one durable commit and one answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import anyio.to_thread
import orjson
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from gateway.access import Right
from gateway.errors import InvalidInput
from gateway.model import Change, Dossier, ProcessingStep, explain
from gateway.model.text import show
from gateway.ports import Receipt
from gateway.service.access import Caller
from gateway.service.context import Service
from gateway.service.published.problems import Refusal, documented, field_problem
from gateway.service.published.schema import reads, takes
from gateway.service.published.shapes import Accepted, BatchAnswer, BatchAnswers, BatchItem, accepted, batch_answer
from gateway.service.requests import idempotency
from gateway.service.requests.bodies import check_json, in_turn, is_big, raw, read_json
from gateway.service.requests.submissions import Prepare
from gateway.store.answers import Answer, Asked

DOSSIER: TypeAdapter[Dossier] = TypeAdapter(Dossier)
STEP: TypeAdapter[ProcessingStep] = TypeAdapter(ProcessingStep)
ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)
ITEMS: TypeAdapter[list[BatchItem]] = TypeAdapter(list[BatchItem])

BACKFILL: Final = {
    "name": "backfill",
    "in": "query",
    "required": False,
    "description": "Gửi sau hồ sơ đang xử lý / Leaves after what is live",
    "schema": {"type": "boolean", "default": False},
}
_BACKFILL: Final = {"": False, "false": False, "true": True}
SHAPES = (Dossier, ProcessingStep, BatchItem)
_REFUSALS = documented(
    "unauthenticated", "forbidden", "malformed", "conflicting-repeat", "illegal-transition", "already-running",
    "too-large", "unsupported-type", "invalid-input", "unknown-code", "key-reused", "store-unavailable", "store-full",
)  # fmt: skip


def routes(service: Service) -> APIRouter:
    """
    POST /v1/dossiers, /v1/steps, /v1/batches.

    They read header and query by themselves: what the framework does for parameters costs as much as the commit.
    """
    router = APIRouter(prefix="/v1", tags=["Tiếp nhận / Intake"])
    read, read_one = (reads(idempotency.PARAMETER | {"required": needed}, BACKFILL) for needed in (False, True))
    known_before: dict[int | str, dict[str, Any]] = {
        200: {"model": Accepted, "description": "Đã biết từ trước / Known before"}
    }

    @router.post(
        "/dossiers", status_code=201, response_model=Accepted, openapi_extra=takes(Dossier) | read_one,
        responses=_REFUSALS | known_before,
    )  # fmt: skip
    async def submit_dossier(request: Request) -> Response:
        """Nhận một hồ sơ; trả lời khi đã ghi bền. / Take in a dossier; answered when it is durable."""
        return await _one(service, request, DOSSIER)

    @router.post(
        "/steps", status_code=201, response_model=Accepted, openapi_extra=takes(ProcessingStep) | read_one,
        responses=_REFUSALS | known_before,
    )  # fmt: skip
    async def submit_step(request: Request) -> Response:
        """Nhận một bước xử lý của hồ sơ đã có. / Take in a step of a dossier that is known."""
        return await _one(service, request, STEP)

    @router.post(
        "/batches", response_model=BatchAnswers, responses=_REFUSALS,
        openapi_extra=takes(BatchItem, many=True) | read,
    )  # fmt: skip
    async def submit_batch(request: Request) -> Response:
        """
        Nhận nhiều thay đổi theo thứ tự, mỗi thay đổi một câu trả lời. / Take in many changes in order, one answer each.
        """
        caller, backfill = await service.access.caller(request, Right.SUBMIT), _backfill(request)
        key = idempotency.given(request)
        content = await raw(request, service.settings.max_body_bytes)

        def read() -> _Batch:
            check_json(request, content, service.settings.max_depth)
            with in_turn(content) as big:
                items = _items(content, service.settings.max_batch, big=big)
            return _Batch(caller, items)

        # Not in the thread that writes, where everybody else would wait for it.
        if key is None:
            return _response(await anyio.to_thread.run_sync(lambda: read().submitted_to(service, backfill=backfill)))
        asked = idempotency.request_id(caller.name, key, request, content)
        with service.running.alone(asked):
            batch = await anyio.to_thread.run_sync(read)
            return await _submitted(service, lambda: Asked(asked, batch.changes, batch.answer, backfill))

    return router


async def _one(service: Service, request: Request, shape: TypeAdapter[Any]) -> Response:
    caller, backfill = await service.access.caller(request, Right.SUBMIT), _backfill(request)
    key = idempotency.needed(request)
    content = await raw(request, service.settings.max_body_bytes)
    asked = idempotency.request_id(caller.name, key, request, content)

    def prepare() -> Asked:
        body = read_json(request, content, shape, service.settings.max_depth)
        change = Change(source=caller.name, source_id=key, body=body)
        caller.must_cover(change.dossier)
        return Asked(asked, [change], _answer_of_one, backfill)

    with service.running.alone(asked):
        return await _submitted(service, prepare)


async def _submitted(service: Service, prepare: Prepare) -> Response:
    try:
        return _response(await service.submissions.submit(prepare))
    except asyncio.CancelledError:
        # The process ends, and its grace is over before the database answered: only the key can tell what became of it.
        again = "dịch vụ đang dừng, hãy gửi lại với cùng khóa / the service stops; send it again under the same key"
        raise Refusal("busy", again, headers={"Connection": "close"}) from None


def _answer_of_one(receipts: list[Receipt]) -> Answer:
    (receipt,) = receipts
    if receipt.refusal is not None:
        raise receipt.refusal
    return Answer(200 if receipt.duplicate else 201, accepted(receipt).model_dump_json().encode())


def _backfill(request: Request) -> bool:
    said = request.query_params.get("backfill", "").lower()
    if said not in _BACKFILL:
        remedy = "true hoặc / or false"
        raise Refusal(
            "invalid-input", errors=[InvalidInput("backfill", show(said), "không hợp lệ / is not valid", remedy)]
        )
    return _BACKFILL[said]


def _response(answer: Answer) -> Response:
    headers = {idempotency.REPEATED: "true"} if answer.repeated else None
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=headers)


def _items(content: bytes, most: int, *, big: bool) -> list[BatchItem | BatchAnswer]:
    """The changes of a batch; one that cannot be read stands as its own answer."""
    if big and isinstance(values := _loaded(content), list):
        # Not all at once: a million numbers would become a million mistakes.
        _check_length(len(values), most)
        return [_item(each) for each in values]
    try:
        items: list[BatchItem | BatchAnswer] = list(ITEMS.validate_json(content))
    except ValidationError as error:
        items = _one_by_one(content, error)
    _check_length(len(items), most)
    return items


def _loaded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # Also what other readers let pass: NaN, and numbers beyond what any machine can hold.
        unreadable = InvalidInput(
            "body", "", "không phải JSON đọc được (is not readable JSON)", "Gửi lại nội dung nguyên vẹn (send it again)"
        )
        raise Refusal("invalid-input", errors=[unreadable]) from None


def _check_length(count: int, most: int) -> None:
    if not 0 < count <= most:
        raise Refusal("too-large" if count else "malformed", f"1 – {most} thay đổi / changes: {count}")


def _one_by_one(content: bytes, error: ValidationError) -> list[BatchItem | BatchAnswer]:
    whole = [each for each in error.errors(include_url=False, include_input=False) if not each["loc"]]
    if whole:
        raise Refusal("invalid-input", errors=explain(error))
    return [_item(each) for each in _loaded(content)]


def _item(value: object) -> BatchItem | BatchAnswer:
    content = orjson.dumps(value)
    if is_big(content):
        return _refused(value, "too-large")
    try:
        return ITEM.validate_json(content)
    except ValidationError as error:
        return _refused(value, "invalid-input", explain(error))


def _refused(value: object, kind: str, errors: Sequence[InvalidInput] = ()) -> BatchAnswer:
    source_id = value.get("source_id") if isinstance(value, dict) else None
    return BatchAnswer(
        source_id=source_id[:255] if isinstance(source_id, str) else "",
        outcome="refused",
        problem=kind,
        errors=[field_problem(each) for each in errors],
    )


class _Batch:
    """One batch on its way: the *changes* that can be submitted, and the answers that stand already."""

    def __init__(self, caller: Caller, items: list[BatchItem | BatchAnswer]) -> None:
        self._answers: list[BatchAnswer | None] = []
        self.changes: list[Change] = []
        for item in items:
            answer = item if isinstance(item, BatchAnswer) else _beyond_scope(caller, item)
            self._answers.append(answer)
            if answer is None and isinstance(item, BatchItem):
                self.changes.append(item.change(caller.name))

    def submitted_to(self, service: Service, *, backfill: bool) -> Answer:
        return self.answer(service.gateway.submit_many(self.changes, backfill=backfill))

    def answer(self, receipts: list[Receipt]) -> Answer:
        told = iter(zip(self.changes, receipts, strict=True))
        items = [answer or batch_answer(*_named(next(told))) for answer in self._answers]
        outcomes = [item.outcome for item in items]
        return Answer(
            200,
            BatchAnswers(
                accepted=outcomes.count("accepted"), duplicates=outcomes.count("duplicate"),
                refused=outcomes.count("refused"), items=items,
            ).model_dump_json().encode(),
        )  # fmt: skip


def _named(told: tuple[Change, Receipt]) -> tuple[str, Receipt]:
    change, receipt = told
    return change.source_id, receipt


def _beyond_scope(caller: Caller, item: BatchItem) -> BatchAnswer | None:
    change = item.change(caller.name)
    if caller.grant.covers(change.dossier):
        return None
    return BatchAnswer(source_id=item.source_id, outcome="refused", problem="forbidden")
