"""
Every request is counted, logged and traced under one id: by its route's template, never by the path that was called.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.monitor import Meter
from gateway.observe import Event, correlated, get_logger
from gateway.observe.correlation import correlation_of
from gateway.observe.tracing import HEADER, span
from gateway.service.published.problems import problem

log = get_logger(__name__)
_LEVELS = logging.getLogger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE: Final = "none"
"""The label of requests that no route took."""
REFUSED: Final = 400
FAULT: Final = 500
_LAST: Final = {"Connection": "close"}


class Watched:
    """
    *app*, with *meter* told of each request and its answer. What is done for a request is logged under its id, which
    the answer tells in ``X-Request-ID``; what nobody foresaw ends as a problem, like any other. No answer is for a
    cache between: it may hold personal data.
    """

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        came = Headers(scope=scope)
        before = came.get(HEADER, "")
        correlation = correlation_of(before, came.get("x-request-id", ""))
        method, status, begun, begun_to_answer = _method(scope), FAULT, perf_counter(), False

        async def noting(message: Message) -> None:
            nonlocal status, begun_to_answer
            if message["type"] == "http.response.start":
                begun_to_answer = True
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = correlation
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        self._meter.under_way.inc()
        with correlated(correlation), span(method, "server", after=[before] if before else ()) as spot:
            try:
                await self._app(scope, receive, noting)
            except asyncio.CancelledError:
                # The server's time to stop is over; it does nothing more for this request than to send what is said.
                if begun_to_answer:
                    raise
                await problem("busy", headers=_LAST)(scope, receive, noting)
            except Exception as fault:
                log.exception(Event.REQUEST_FAILED, error=type(fault).__name__)
                if begun_to_answer:
                    # An answer that breaks off is known to be none.
                    raise
                await problem("unexpected", headers=_LAST)(scope, receive, noting)
            finally:
                self._meter.under_way.dec()
                took_s, route = perf_counter() - begun, _route(scope)
                self._meter.answered(method, route, status, took_s)
                spot.name(f"{method} {route}")
                spot.note("status", status)
                if status >= FAULT:
                    spot.fail(str(status))
                _log(method, route, status, took_s)


def _log(method: str, route: str, status: int, took_s: float) -> None:
    told = {"method": method, "route": route, "status": status, "ms": round(took_s * 1000, 1)}
    if status >= FAULT:
        log.warning(Event.REQUEST_ANSWERED, **told)
    elif status >= REFUSED:
        log.info(Event.REQUEST_ANSWERED, **told)
    elif _LEVELS.isEnabledFor(logging.DEBUG):
        log.debug(Event.REQUEST_ANSWERED, **told)


def _method(scope: MutableMapping[str, Any]) -> str:
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _route(scope: MutableMapping[str, Any]) -> str:
    return str(getattr(scope.get("route"), "path", NO_ROUTE))
