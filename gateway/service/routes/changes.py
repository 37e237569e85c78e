"""
What the one-stop system fetches by itself: changes page by page, each acknowledged when it is safe there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gateway.access import Right
from gateway.pulling import MOST_CURSOR, MOST_DOSSIERS, Pulling
from gateway.service.access import Caller
from gateway.service.context import Service
from gateway.service.published.problems import Refusal, documented
from gateway.service.published.schema import takes
from gateway.service.requests.bodies import raw, read_json

_REFUSALS = documented(
    "unauthenticated", "forbidden", "not-found", "malformed", "too-large", "unsupported-type", "invalid-input",
    "store-unavailable",
)  # fmt: skip
_MOST_BYTES = 16 * 1024

Partner = Annotated[
    str | None,
    Query(
        max_length=63,
        description="Tên trong cấu hình; bỏ trống khi chỉ có một / Its configured name, if not the only one",
    ),
]
Word = Annotated[str, Field(max_length=MOST_CURSOR)]


class ToldChange(BaseModel):
    """
    One change of one dossier. *key* is the same whenever it is told again; *sequence* grows within a dossier. *late*
    says that the fact is older than the dossier's status. *body* is the dossier, step or notice itself.
    """

    key: str
    sequence: int
    dossier: str
    kind: str
    accepted_at: datetime
    late: bool
    body: dict[str, Any]


class ChangesPage(BaseModel):
    """Changes in the order of each dossier; *cursor* acknowledges them all, "" when there are none."""

    changes: list[ToldChange]
    cursor: str


class Acknowledgement(BaseModel):
    """
    The changes of the page that had this cursor are safe with the reader: all of them, or those up to the change whose
    *sequence* is *through*.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cursor: Word
    through: Annotated[int, Field(ge=0, lt=2**63)] | None = None


class AcknowledgementAnswer(BaseModel):
    """
    Of how many *dossiers* the changes are settled; those of *expired* ones were acknowledged before, or come again
    because the lease ran out and another reader has them.
    """

    dossiers: int
    expired: int


SHAPES = (Acknowledgement,)
_ACKNOWLEDGEMENT: TypeAdapter[Acknowledgement] = TypeAdapter(Acknowledgement)


def routes(service: Service) -> APIRouter:
    """GET /v1/changes, POST /v1/changes/acknowledgements."""
    router = APIRouter(prefix="/v1/changes", tags=["Một cửa / One-stop"], responses=_REFUSALS)
    reader = Depends(_whole(service.access.needs(Right.CHANGES)))

    async def body(request: Request) -> bytes:
        return await raw(request, _MOST_BYTES)

    content = Depends(body)

    @router.get("", response_model=ChangesPage)
    def changes(
        caller: Caller = reader,
        partner: Partner = None,
        limit: Annotated[int, Query(ge=1, le=MOST_DOSSIERS, description="Số hồ sơ / Dossiers")] = 50,
        cursor: Annotated[
            str | None, Query(max_length=MOST_CURSOR, description="Xác nhận trang trước / Acknowledges")
        ] = None,
    ) -> Response:
        """Lấy thay đổi; cái chưa xác nhận sẽ quay lại. / Fetch changes; what is not acknowledged comes again."""
        name, pulling = _pulling(service, partner)
        if cursor:
            pulling.acknowledge(caller.name, cursor)
        page = pulling.read(caller.name, limit)
        if page.messages:
            service.gateway.note_access(caller.actor, "pull", f"{name}: {len(page.messages)}")
        connector = service.gateway.pulled[name]
        told = [orjson.Fragment(connector.told(message)) for message in page.messages]
        return Response(orjson.dumps({"changes": told, "cursor": page.cursor}), media_type="application/json")

    @router.post("/acknowledgements", openapi_extra=takes(Acknowledgement))
    def acknowledge(
        request: Request, caller: Caller = reader, partner: Partner = None, content: bytes = content
    ) -> AcknowledgementAnswer:
        """Xác nhận đã giữ cả trang, hoặc đến một thay đổi. / Acknowledge a page, whole or up to a change of it."""
        said = read_json(request, content, _ACKNOWLEDGEMENT, service.settings.max_depth)
        done = _pulling(service, partner)[1].acknowledge(caller.name, said.cursor, through=said.through)
        return AcknowledgementAnswer(dossiers=done.dossiers, expired=done.expired)

    return router


def _whole(caller: Callable[..., Any]) -> Callable[..., Any]:
    """A reader takes changes away from others, so it must stand for all agencies."""

    async def whole(found: Caller = Depends(caller)) -> Caller:  # noqa: B008 - the way FastAPI takes it.
        if found.grant.agencies is not None:
            raise Refusal("forbidden", "chỉ khóa của mọi đơn vị / only for a key of all agencies")
        return found

    return whole


def _pulling(service: Service, partner: str | None) -> tuple[str, Pulling]:
    names = list(service.gateway.pulled)
    if not names:
        raise Refusal("not-found", 'chưa có đối tác nào tự lấy / no partner has kind = "pull"')
    if partner is None and len(names) > 1:
        raise Refusal("malformed", f"partner: {', '.join(names)}")
    name = names[0] if partner is None else partner
    return name, service.gateway.pulling(name)
