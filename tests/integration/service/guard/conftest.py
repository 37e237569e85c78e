"""Opens services whose patience and room are short."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from gateway.config import ServiceSettings
from gateway.service import Server
from gateway.service.guard import Shedding
from gateway.service.published.problems import answer_with_problems
from gateway.service.requests.bodies import raw
from tests.house import BIG_BYTES, House


@pytest.fixture
def house() -> Iterator[Callable[..., House]]:
    """Opens services with settings of their own."""
    with ExitStack() as stack:

        def open_house(**changes: Any) -> House:
            values: dict[str, Any] = {
                "listen": "127.0.0.1:0", "head_s": 0.3, "body_s": 0.3, "answer_s": 0.3, "max_head_bytes": 8192,
                "max_body_bytes": 100_000,
            }  # fmt: skip
            settings = ServiceSettings(**values | changes)
            refused: Counter[str] = Counter()
            app = FastAPI()
            opened = House(0, refused)
            answer_with_problems(app)
            app.add_middleware(
                Shedding, most_requests=settings.max_requests, most_held_bytes=settings.max_held_bytes,
                most_body_bytes=settings.max_body_bytes, refused=lambda reason: refused.update([reason]),
            )  # fmt: skip

            @app.get("/ok")
            def ok() -> Response:
                return Response(b"ok")

            @app.get("/big")
            def big() -> Response:
                return Response(bytes(BIG_BYTES))

            @app.get("/wait")
            def wait() -> Response:
                opened.waiting.release()
                opened.hold.wait(5)
                return Response(b"done")

            @app.post("/said")
            async def said(request: Request) -> Response:
                await raw(request, settings.max_body_bytes)
                return Response(request.headers.get("x-said", "nothing"))

            @app.post("/body")
            async def body(request: Request) -> Response:
                return Response(b"%d" % len(await raw(request, settings.max_body_bytes)))

            @app.post("/repeat")
            async def repeat(request: Request) -> Response:
                return Response(await raw(request, settings.max_body_bytes))

            server = stack.enter_context(
                Server(app, settings, stop_s=1.0, refused=lambda reason: refused.update([reason]))
            )
            stack.callback(opened.hold.set)
            assert server.wait_until_ready(time.sleep)
            opened.port = int(server.url.rpartition(":")[2])
            return opened

        yield open_house
