"""
What is too much for one process is turned away at once, instead of making all others wait, or the memory run out.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.service.published.problems import RETRY_AFTER_S, Refusal, problem

_ALWAYS = "/health/"
_HEADERS = {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"}


class Shedding:
    """
    *app*, with at most *most_requests* under way, whose bodies hold at most *most_held_bytes* of memory together.

    A body longer than *most_body_bytes* is either refused or streamed, and holds no more than that.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_requests: int,
        most_held_bytes: int,
        most_body_bytes: int,
        refused: Callable[[str], None],
    ) -> None:
        self._app = app
        self._most_requests = most_requests
        self._most_held_bytes = most_held_bytes
        self._most_body_bytes = most_body_bytes
        self._refused = refused
        self._requests = 0
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        if self._requests >= self._most_requests:
            self._refused("too-many-requests")
            await problem("busy", headers=_HEADERS)(scope, receive, send)
            return
        held_bytes = 0

        async def counted() -> Message:
            nonlocal held_bytes
            message = await receive()
            more = min(len(message.get("body", b"")), self._most_body_bytes - held_bytes)
            if more and self._held_bytes + more > self._most_held_bytes:
                self._refused("too-many-bytes")
                raise Refusal("busy", headers=_HEADERS)
            held_bytes += more
            self._held_bytes += more
            return message

        self._requests += 1
        try:
            await self._app(scope, counted, send)
        finally:
            self._requests -= 1
            self._held_bytes -= held_bytes
