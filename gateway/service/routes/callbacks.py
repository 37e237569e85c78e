"""
Partners' calls over HTTP: POST or GET /callbacks/{partner}/{path}, and the places that a partner's contract names.

Whatever can be refused without the body is refused before it is read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from gateway.config.networks import lies_within
from gateway.notices import PartnerCall
from gateway.ports import Reply
from gateway.service.context import Service
from gateway.service.published.problems import Refusal
from gateway.service.requests.bodies import raw

_METHODS = ["POST", "GET"]
_WAIT_S = "1"


def routes(service: Service) -> APIRouter:
    """The route of every partner; it stands in no schema, for each partner's contract says what it sends."""
    router = APIRouter(include_in_schema=False)
    callbacks = service.gateway.callbacks

    @router.api_route("/callbacks/{partner}/{path:path}", methods=_METHODS)
    async def called(request: Request, partner: str, path: str) -> Response:
        if not callbacks.may_call(partner):
            raise Refusal("not-found")
        return await _taken(service, request, partner, f"/{path}")

    return router


class PlacesRoute(Route):
    """Takes the paths where a partner's contract lets it call, as they are now: a reload may bring others."""

    def __init__(self, service: Service) -> None:
        self._service = service
        super().__init__("/{place:path}", self._called, methods=_METHODS, include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["path"] not in self._service.gateway.callbacks.places:
            return Match.NONE, {}
        match, found = super().matches(scope)
        return match, {**found, "route": self}

    async def _called(self, request: Request) -> Response:
        place = request.scope["path"]
        partner = self._service.gateway.callbacks.places.get(place)
        if partner is None:
            raise Refusal("not-found")
        return await _taken(self._service, request, partner, place)


async def _taken(service: Service, request: Request, partner: str, path: str) -> Response:
    callbacks = service.gateway.callbacks
    empty = _call(service, request, path)
    refused = await anyio.to_thread.run_sync(callbacks.turned_away, partner, empty)
    if refused is not None:
        # The body stays unread, so the connection is of no further use.
        return _response(refused, Connection="close")
    content = (
        request.url.query.encode() if request.method == "GET" else await raw(request, callbacks.most_bytes(partner))
    )
    reply = await anyio.to_thread.run_sync(callbacks.take, partner, replace(empty, content=content))
    if reply is None:
        raise Refusal("not-found")
    return _response(reply)


def _call(service: Service, request: Request, path: str) -> PartnerCall:
    """The call without its body. Behind our proxies it came from the last address that is none of them."""
    proxies = service.settings.proxies
    peer = request.client.host if request.client else ""
    proxied = lies_within(peer, proxies)
    passed_by = ",".join(request.headers.getlist("x-forwarded-for")).split(",") if proxied else []
    source = next((each.strip() for each in reversed(passed_by) if not lies_within(each.strip(), proxies)), peer)
    # What came twice proves nothing: one may be the caller's own, which the proxy did not take out.
    times = Counter(request.headers.keys())
    headers = {name: _text(value) for name, value in request.headers.items() if times[name] == 1}
    return PartnerCall(path, b"", headers, source, proxied)


def _text(value: str) -> str:
    """A header's value, which was read byte by byte, as UTF-8 where it is: subjects of certificates have letters."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _response(reply: Reply, **headers: str) -> Response:
    if reply.status == 429:
        headers["Retry-After"] = _WAIT_S
    return Response(reply.body, status_code=reply.status, headers={"Content-Type": reply.content_type, **headers})
