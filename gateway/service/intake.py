"""
Dossiers and steps in: singly and in batches, each request with one durable commit and one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from gateway.access import Right
from gateway.model import Change, Dossier, ProcessingStep, explain
from gateway.ports import Receipt
from gateway.service import idempotency
from gateway.service.access import Caller
from gateway.service.bodies import check_json, raw, read_json
from gateway.service.context import Service
from gateway.service.idempotency import KeyHeader
from gateway.service.problems import Refusal, documented, field_problem
from gateway.service.schema import takes
from gateway.service.shapes import Accepted, BatchAnswer, BatchAnswers, BatchItem, accepted, batch_answer
from gateway.store.answers import Answer, RequestId

DOSSIER: TypeAdapter[Dossier] = TypeAdapter(Dossier)
STEP: TypeAdapter[ProcessingStep] = TypeAdapter(ProcessingStep)
ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)
ITEMS: TypeAdapter[list[BatchItem]] = TypeAdapter(list[BatchItem])

Backfill = Annotated[bool, Query(description="Gửi sau hồ sơ đang xử lý / Leaves after what is live")]
SHAPES = (Dossier, ProcessingStep, BatchItem)
_REFUSALS = documented(
    "unauthenticated", "forbidden", "malformed", "conflicting-repeat", "illegal-transition", "already-running",
    "too-large", "unsupported-type", "invalid-input", "unknown-code", "key-reused", "store-unavailable", "store-full",
)  # fmt: skip


def routes(service: Service) -> APIRouter:
    """POST /v1/dossiers, /v1/steps, /v1/batches."""
    router = APIRouter(prefix="/v1", tags=["Tiếp nhận / Intake"])
    submitter = Depends(service.access.needs(Right.SUBMIT))

    @router.post(
        "/dossiers", status_code=201, response_model=Accepted, openapi_extra=takes(Dossier),
        responses={**_REFUSALS, 200: {"model": Accepted, "description": "Đã biết từ trước / Known before"}},
    )  # fmt: skip
    async def submit_dossier(
        request: Request, caller: Caller = submitter, idempotency_key: KeyHeader = None, backfill: Backfill = False
    ) -> Response:
        """Nhận một hồ sơ; trả lời khi đã ghi bền. / Take in a dossier; answered when it is durable."""
        return await _one(service, request, caller, idempotency_key, DOSSIER, backfill=backfill)

    @router.post(
        "/steps", status_code=201, response_model=Accepted, openapi_extra=takes(ProcessingStep),
        responses={**_REFUSALS, 200: {"model": Accepted, "description": "Đã biết từ trước / Known before"}},
    )  # fmt: skip
    async def submit_step(
        request: Request, caller: Caller = submitter, idempotency_key: KeyHeader = None, backfill: Backfill = False
    ) -> Response:
        """Nhận một bước xử lý của hồ sơ đã có. / Take in a step of a dossier that is known."""
        return await _one(service, request, caller, idempotency_key, STEP, backfill=backfill)

    @router.post(
        "/batches", response_model=BatchAnswers, responses=_REFUSALS, openapi_extra=takes(BatchItem, many=True)
    )
    async def submit_batch(
        request: Request, caller: Caller = submitter, idempotency_key: KeyHeader = None, backfill: Backfill = False
    ) -> Response:
        """
        Nhận nhiều thay đổi theo thứ tự, mỗi thay đổi một câu trả lời. / Take in many changes in order, one answer each.
        """
        key = idempotency.given(idempotency_key)
        content = await raw(request, service.settings.max_body_bytes)
        asked = None if key is None else idempotency.request_id(caller.name, key, request, content)

        def work() -> Answer:
            check_json(request, content, service.settings.max_depth)
            items = _items(content, service.settings.max_batch)
            return _Batch(caller, items).accepted_by(service, asked, backfill=backfill)

        return _response(await _alone(service, asked, work))

    return router


async def _one(
    service: Service, request: Request, caller: Caller, header: str | None, shape: TypeAdapter[Any], *, backfill: bool
) -> Response:
    key = idempotency.needed(header)
    content = await raw(request, service.settings.max_body_bytes)
    asked = idempotency.request_id(caller.name, key, request, content)

    def work() -> Answer:
        body = read_json(request, content, shape, service.settings.max_depth)
        change = Change(source=caller.name, source_id=key, body=body)
        caller.must_cover(change.dossier)
        return service.gateway.submit_once(asked, [change], _answer_of_one, backfill=backfill)

    return _response(await _alone(service, asked, work))


def _answer_of_one(receipts: list[Receipt]) -> Answer:
    (receipt,) = receipts
    if receipt.refusal is not None:
        raise receipt.refusal
    return Answer(200 if receipt.duplicate else 201, accepted(receipt).model_dump_json().encode())


async def _alone(service: Service, asked: RequestId | None, work: Callable[[], Answer]) -> Answer:
    if asked is None:
        return await anyio.to_thread.run_sync(work)
    with service.running.alone(asked):
        return await anyio.to_thread.run_sync(work)


def _response(answer: Answer) -> Response:
    headers = {idempotency.REPEATED: "true"} if answer.repeated else {}
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=headers)


def _items(content: bytes, most: int) -> list[BatchItem | BatchAnswer]:
    """The changes of a batch; one that cannot be read stands as its own answer."""
    try:
        items: list[BatchItem | BatchAnswer] = list(ITEMS.validate_json(content))
    except ValidationError as error:
        items = _one_by_one(content, error)
    if not 0 < len(items) <= most:
        raise Refusal("too-large" if items else "malformed", f"1 – {most} thay đổi / changes: {len(items)}")
    return items


def _one_by_one(content: bytes, error: ValidationError) -> list[BatchItem | BatchAnswer]:
    whole = [each for each in error.errors(include_url=False, include_input=False) if not each["loc"]]
    if whole:
        raise Refusal("invalid-input", errors=explain(error))
    return [_item(each) for each in orjson.loads(content)]


def _item(value: object) -> BatchItem | BatchAnswer:
    try:
        return ITEM.validate_json(orjson.dumps(value))
    except ValidationError as error:
        source_id = value.get("source_id") if isinstance(value, dict) else None
        return BatchAnswer(
            source_id=source_id[:255] if isinstance(source_id, str) else "",
            outcome="refused",
            problem="invalid-input",
            errors=[field_problem(each) for each in explain(error)],
        )


class _Batch:
    """One batch on its way: what can be submitted, and the answers that stand already."""

    def __init__(self, caller: Caller, items: list[BatchItem | BatchAnswer]) -> None:
        self._answers: list[BatchAnswer | None] = []
        self._changes: list[Change] = []
        for item in items:
            answer = item if isinstance(item, BatchAnswer) else _beyond_scope(caller, item)
            self._answers.append(answer)
            if answer is None and isinstance(item, BatchItem):
                self._changes.append(item.change(caller.name))

    def accepted_by(self, service: Service, asked: RequestId | None, *, backfill: bool) -> Answer:
        if asked is None:
            return self._answer(service.gateway.submit_many(self._changes, backfill=backfill))
        return service.gateway.submit_once(asked, self._changes, self._answer, backfill=backfill)

    def _answer(self, receipts: list[Receipt]) -> Answer:
        told = iter(zip(self._changes, receipts, strict=True))
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
