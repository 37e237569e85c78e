"""
Refusals as ``application/problem+json`` (RFC 9457): Vietnamese first with English beside, each field by its path.

Nothing of a request's body stands in a problem, but what ``InvalidInput`` allows to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.errors import (
    AlreadyRunning,
    ConflictingRepeat,
    GatewayError,
    IllegalTransition,
    InvalidInput,
    KeyReused,
    StoreFull,
    UnknownCode,
)
from gateway.observe import Event, get_logger

log = get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5


class FieldProblem(BaseModel):
    """One value that cannot be accepted, by its path in the body; personal values are shown by their length."""

    field: str
    value: str
    reason: str
    remedy: str


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457). *type* is stable: programs decide by it."""

    type: Annotated[str, Field(examples=["urn:lienthong:problem:invalid-input"])]
    title: str
    status: int
    detail: str = ""
    errors: list[FieldProblem] = Field(default_factory=list)


TITLES: Final[Mapping[str, tuple[int, str]]] = {
    "unauthenticated": (401, "Chưa xác thực / Not authenticated"),
    "forbidden": (403, "Không có quyền / Not allowed"),
    "not-found": (404, "Không tìm thấy / Not found"),
    "method-not-allowed": (405, "Phương thức không dùng được ở đây / Method not allowed"),
    "conflicting-repeat": (409, "Cùng mã nguồn, khác nội dung / The same source id with another content"),
    "illegal-transition": (409, "Trạng thái không thể chuyển như vậy / The status cannot move so"),
    "already-running": (409, "Yêu cầu này đang được xử lý / This request is being worked on"),
    "too-large": (413, "Nội dung quá lớn / The content is too large"),
    "unsupported-type": (415, "Loại nội dung không nhận / Unsupported content type"),
    "invalid-input": (422, "Dữ liệu không hợp lệ / Invalid data"),
    "unknown-code": (422, "Mã không có trong danh mục / A code that no list knows"),
    "key-reused": (422, "Idempotency-Key đã dùng cho nội dung khác / The key was used for another content"),
    "no-such-range": (416, "Tệp không có đoạn này / The file has no such part"),
    "malformed": (400, "Yêu cầu không đọc được / The request cannot be read"),
    "slow": (408, "Gửi quá chậm / Sent too slowly"),
    "head-too-large": (431, "Phần đầu yêu cầu quá lớn / The head of the request is too large"),
    "too-many": (429, "Quá nhiều yêu cầu / Too many requests"),
    "unexpected": (500, "Lỗi của chính dịch vụ / A fault of the service itself"),
    "busy": (503, "Dịch vụ đang quá tải / The service has too much to do"),
    "store-unavailable": (503, "Cơ sở dữ liệu chưa dùng được / The database cannot be used now"),
    "file-unavailable": (502, "Không lấy được tệp / The file cannot be fetched"),
    "store-full": (507, "Cơ sở dữ liệu hết chỗ / The database is full"),
}
"""Every kind of problem that the service answers with, and its HTTP status."""
_PASSING: Final = frozenset({"already-running", "too-many", "busy", "store-unavailable", "store-full"})
"""Nothing was done, and the same request may pass in a while."""

_OF_STATUS: Final = {
    401: "unauthenticated", 403: "forbidden", 404: "not-found", 405: "method-not-allowed", 413: "too-large",
    415: "unsupported-type", 416: "no-such-range", 429: "too-many",
}  # fmt: skip


class Refusal(Exception):
    """Ends a request with a problem of *kind*, a key of ``TITLES``."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        errors: Sequence[InvalidInput] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problem(
    kind: str, detail: str = "", errors: Sequence[InvalidInput] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for a problem of *kind*."""
    status, _ = TITLES[kind]
    known = {"Retry-After": str(RETRY_AFTER_S)} if kind in _PASSING else {}
    return Response(
        document(kind, detail, errors).model_dump_json(exclude_defaults=False),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**known, **(headers or {})},
    )


def document(kind: str, detail: str = "", errors: Sequence[InvalidInput] = ()) -> ProblemDocument:
    status, title = TITLES[kind]
    return ProblemDocument(
        type=f"urn:lienthong:problem:{kind}", title=title, status=status, detail=detail,
        errors=[field_problem(error) for error in errors],
    )  # fmt: skip


def field_problem(error: InvalidInput) -> FieldProblem:
    return FieldProblem(field=error.field, value=error.shown, reason=error.reason, remedy=error.remedy)


def kind_of(error: GatewayError) -> str:
    """The kind of problem that an error of the library is to a caller."""
    match error:
        case AlreadyRunning():
            return "already-running"
        case KeyReused():
            return "key-reused"
        case ConflictingRepeat():
            return "conflicting-repeat"
        case IllegalTransition():
            return "illegal-transition"
        case UnknownCode():
            return "unknown-code"
        case InvalidInput():
            return "invalid-input"
        case StoreFull():
            return "store-full"
        case _:
            return "store-unavailable"


def answer_with_problems(app: FastAPI) -> None:
    """Let every refusal of *app* end as a problem; what nobody foresaw is for ``Watched``."""

    def refused(_request: Request, error: Refusal) -> Response:
        return problem(error.kind, error.detail, error.errors, error.headers)

    def ours(_request: Request, error: GatewayError) -> Response:
        kind = kind_of(error)
        if isinstance(error, InvalidInput):
            return problem(kind, errors=[error])
        if not isinstance(error, AlreadyRunning):
            log.error(Event.REQUEST_FAILED, error=type(error).__name__)
        return problem(kind)

    def of_framework(_request: Request, error: HTTPException) -> Response:
        kind = _OF_STATUS.get(error.status_code, "malformed")
        return problem(kind, HTTPStatus(error.status_code).phrase if kind == "malformed" else "", headers=error.headers)

    def of_parameters(_request: Request, error: RequestValidationError) -> Response:
        return problem("invalid-input", errors=[_of_parameter(each) for each in error.errors()])

    def hung_up(_request: Request, _error: ClientDisconnect) -> Response:
        # Nobody is there to read it.
        return problem("malformed")

    handlers: list[tuple[type[Exception], Any]] = [
        (Refusal, refused), (GatewayError, ours), (RequestValidationError, of_parameters),
        (HTTPException, of_framework), (ClientDisconnect, hung_up),
    ]  # fmt: skip
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)


def _of_parameter(entry: Mapping[str, Any]) -> InvalidInput:
    """A parameter of path, query or header that the framework refused; never its value."""
    where = ".".join(map(str, entry["loc"]))
    return InvalidInput(where, "", f"không hợp lệ / is not valid ({entry['type']})", "Xem / See /openapi.json")


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may end with these kinds of problem."""
    statuses = sorted({TITLES[kind][0] for kind in kinds})
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        status: {
            "description": " · ".join(title for code, title in TITLES.values() if code == status),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
