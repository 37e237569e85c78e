"""Puts the service together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI

from gateway.api import Gateway
from gateway.monitor import Monitor
from gateway.observe import Event, get_logger
from gateway.service import imports
from gateway.service.access import access_to
from gateway.service.context import Service
from gateway.service.guard import Shedding
from gateway.service.imports.runner import Runner
from gateway.service.imports.spool import Spool
from gateway.service.published.problems import answer_with_problems
from gateway.service.published.schema import publish_shapes
from gateway.service.requests.submissions import Submissions
from gateway.service.routes import callbacks, changes, dossiers, files, health, intake, operating
from gateway.service.routes.facade import FacadeRoute
from gateway.service.watching import Watched

log = get_logger(__name__)

_ABOUT = (
    "Nhận hồ sơ và tiến độ, cho biết đã tới từng đối tác đến đâu. / Takes in dossiers and steps, and tells how far they"
    " have come at each partner."
)


def create_app(gateway: Gateway, monitor: Monitor | None = None) -> FastAPI:
    """The service of *gateway*, which stays the caller's to close; *monitor* tells how it is."""
    service = Service(gateway, access_to(gateway), Submissions(gateway))
    monitor = monitor or Monitor(gateway)
    spool = Spool(service.settings.spool)
    runner = Runner(gateway, spool)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(task_failed)
        anyio.to_thread.current_default_thread_limiter().total_tokens = service.settings.threads
        service.submissions.start()
        runner.start()
        beating = asyncio.create_task(_beat(monitor))
        with gateway.working_off():
            yield
        beating.cancel()
        monitor.rest()
        await anyio.to_thread.run_sync(service.submissions.close)
        await anyio.to_thread.run_sync(runner.close)

    app = FastAPI(
        title="Liên Thông",
        version=version("lienthong"),
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # It would send body and key of a client behind a proxy to an address made of its own Host header.
        redirect_slashes=False,
        openapi_url="/openapi.json",
        # Its own spans and records would carry paths, and so the codes of dossiers; ours are made by Watched.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    answer_with_problems(app)
    app.add_middleware(
        Shedding,
        most_requests=service.settings.max_requests,
        most_held_bytes=service.settings.max_held_bytes,
        most_body_bytes=max(
            [service.settings.max_body_bytes, *(front.most_body_bytes for _, front in gateway.fronts())]
        ),
        refused=monitor.meter.refused,
    )
    app.add_middleware(Watched, meter=monitor.meter)
    # In the order in which they are looked through: what comes most often stands first.
    for part in (intake, dossiers, changes, operating):
        app.include_router(part.routes(service))
    app.include_router(imports.routes(service, spool, runner))
    app.include_router(health.routes(service, monitor))
    app.include_router(callbacks.routes(service))
    if service.settings.files is not None:
        app.include_router(files.routes(service, service.settings.files))
    app.router.routes.extend([callbacks.PlacesRoute(service), FacadeRoute(service)])
    publish_shapes(app, (*intake.SHAPES, *changes.SHAPES, *operating.SHAPES))
    return app


def task_failed(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A task ended with a bug, and nobody waited for it: told by its places, as the loop's own words quote values."""
    log.error(Event.THREAD_FAILED, thread="service", exc_info=context.get("exception"))


async def _beat(monitor: Monitor) -> None:
    """Show again and again that the event loop works."""
    while True:
        monitor.beat()
        await asyncio.sleep(1.0)
