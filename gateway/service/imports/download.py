"""A file of refused rows, whole or in part: a download that was broken off goes on."""

from __future__ import annotations

from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from gateway.service.published.problems import Refusal

_NO_SUCH_RANGE = 416


class Download(FileResponse):
    """Refuses a part that it cannot give by a problem, where the framework would say so in bare words."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def unless_refused(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                size = Headers(raw=message["headers"]).get("content-range")
                raise Refusal(
                    "no-such-range" if message["status"] == _NO_SUCH_RANGE else "malformed",
                    headers={"Content-Range": size} if size else None,
                )
            await send(message)

        await super().__call__(scope, receive, unless_refused)
