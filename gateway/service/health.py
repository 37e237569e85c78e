"""
``/health/live`` and ``/health/ready`` of the service itself, for a balancer in front. Without a login, and not in the
published schema: they tell nothing of a dossier.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.monitor import Monitor, Report, answer


def health_routes(monitor: Monitor) -> APIRouter:
    router = APIRouter(prefix="/health", include_in_schema=False)

    def told(report: Report) -> Response:
        status, kind, content = answer(report)
        return Response(content, status, media_type=kind, headers={"Cache-Control": "no-store"})

    @router.get("/live")
    def live() -> Response:
        return told(monitor.live())

    @router.get("/ready")
    def ready() -> Response:
        return told(monitor.ready())

    return router
