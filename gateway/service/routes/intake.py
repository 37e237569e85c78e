"""
Dossiers and steps in: singly and in batches, each request with one durable commit and one answer.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from gateway.access import Right
from gateway.errors import InvalidInput
from gateway.model import Change, Dossier, ProcessingStep
from gateway.model.text import show
from gateway.ports import Receipt
from gateway.service.context import Service
from gateway.service.published.problems import Refusal, documented
from gateway.service.published.schema import reads, takes
from gateway.service.published.shapes import Accepted, BatchAnswers, BatchItem, accepted
from gateway.service.requests import idempotency
from gateway.service.requests.batches import Batch, read_batch
from gateway.service.requests.bodies import raw, read_json
from gateway.service.requests.submissions import Prepare
from gateway.store.answers import Answer, Asked

DOSSIER: TypeAdapter[Dossier] = TypeAdapter(Dossier)
STEP: TypeAdapter[ProcessingStep] = TypeAdapter(ProcessingStep)

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

        def read() -> Batch:
            bounds = service.settings
            return read_batch(request, content, caller, most=bounds.max_batch, most_depth=bounds.max_depth)

        def submit() -> Answer:
            batch = read()
            return batch.answer(service.gateway.submit_many(batch.changes, backfill=backfill))

        # Not in the thread that writes, where everybody else would wait for it.
        if key is None:
            return _response(await anyio.to_thread.run_sync(submit))
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
