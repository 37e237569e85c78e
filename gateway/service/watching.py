"""Every request is counted: by its route's template, never by the path that was called."""

from __future__ import annotations

from collections.abc import MutableMapping
from time import perf_counter
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.monitor import Meter

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE: Final = "none"
"""The label of requests that no route took."""


class Watched:
    """*app*, with *meter* told of each request and its answer."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = perf_counter()
        self._meter.under_way.inc()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._meter.under_way.dec()
            self._meter.answered(_method(scope), _route(scope), status, perf_counter() - begun)


def _method(scope: MutableMapping[str, Any]) -> str:
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _route(scope: MutableMapping[str, Any]) -> str:
    return str(getattr(scope.get("route"), "path", NO_ROUTE))
