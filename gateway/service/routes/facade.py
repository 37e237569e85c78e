"""
Calls that a source makes to "its partner", where a connector answers in the partner's place (``gateway.fronts``).

They are told apart by their path alone, as the partner's own address would; whom to let in is the connector's matter.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from gateway.fronts import Call
from gateway.ports import Reply
from gateway.service.context import Service
from gateway.service.published.problems import Refusal
from gateway.service.requests.bodies import in_turn, raw


class FacadeRoute(Route):
    """Takes the paths that some connector answers, and no other: those stay unknown to the service."""

    def __init__(self, service: Service) -> None:
        self._gateway = service.gateway
        super().__init__("/{path:path}", self._answer, methods=["GET", "POST"], include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or self._gateway.front_at(scope["path"]) is None:
            return Match.NONE, {}
        match, found = super().matches(scope)
        return match, {**found, "route": self}

    async def _answer(self, request: Request) -> Response:
        found = self._gateway.front_at(request.scope["path"])
        most = 0 if found is None else found[1].most_body_bytes
        headers: dict[str, str] = {}
        try:
            body, too_long = await raw(request, most), False
        except Refusal as refusal:
            if refusal.kind != "too-large":
                raise
            # What is left of the body stays unread, so the connection is of no further use.
            body, too_long, headers = b"", True, {"Connection": "close"}
        call = Call(
            method=request.method,
            path=request.scope["path"],
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=body,
            source=request.client.host if request.client else "",
            too_long=too_long,
        )
        reply = await run_in_threadpool(self._reply, call)
        if reply is None:
            raise Refusal("not-found")
        return Response(reply.body, reply.status, headers | {"Content-Type": reply.content_type})

    def _reply(self, call: Call) -> Reply | None:
        with in_turn(call.body):
            return self._gateway.answer(call)
