"""
How the service is, on its own address. ``/health/live`` and ``/health/ready`` need no login, for a balancer in front:
they tell nothing of a dossier. ``/metrics`` needs the right. None of them is in the published schema.
"""

from __future__ import annotations

from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Response

from gateway.access import Right
from gateway.monitor import CONTENT_TYPE, Monitor, Report, answer
from gateway.service.context import Service

MOST_ASKING: Final = 2
_FRESH = {"Cache-Control": "no-store"}


def routes(service: Service, monitor: Monitor) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    # Not among the threads of requests: those may all wait for a database that another holds.
    own_threads = anyio.CapacityLimiter(MOST_ASKING)

    def told(report: Report) -> Response:
        status, kind, content = answer(report)
        return Response(content, status, media_type=kind, headers=_FRESH)

    @router.get("/health/live")
    async def live() -> Response:
        return told(monitor.live())

    @router.get("/health/ready")
    async def ready() -> Response:
        return told(await anyio.to_thread.run_sync(monitor.ready, limiter=own_threads))

    @router.get("/metrics", dependencies=[Depends(service.access.needs(Right.METRICS))])
    def metrics() -> Response:
        return Response(monitor.exposition(), media_type=CONTENT_TYPE, headers=_FRESH)

    return router
