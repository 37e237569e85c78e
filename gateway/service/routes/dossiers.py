"""
What the ledger knows of dossiers, for those who may read it; each reading enters the audit.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from gateway.access import Right
from gateway.model import DossierCode
from gateway.service.access import Caller
from gateway.service.context import Service
from gateway.service.published.pages import Cursor, Limit, cursor, place
from gateway.service.published.problems import Refusal, documented
from gateway.service.published.shapes import DossierPage, DossierState, TimelineLine, TimelinePage

_REFUSALS = documented("unauthenticated", "forbidden", "not-found", "invalid-input", "store-unavailable", "store-full")
Code = Annotated[str, Path(max_length=64, description="Mã hồ sơ / The dossier's code", examples=["H99.01-261120-0001"])]


def routes(service: Service) -> APIRouter:
    """GET /v1/dossiers, /v1/dossiers/{code}, /v1/dossiers/{code}/timeline."""
    router = APIRouter(prefix="/v1/dossiers", tags=["Hồ sơ / Dossiers"], responses=_REFUSALS)
    gateway = service.gateway
    reader = Depends(service.access.needs(Right.READ))

    @router.get("")
    def dossiers(caller: Caller = reader, cursor_: Cursor = None, limit: Limit = 100) -> DossierPage:
        """Hồ sơ theo thứ tự vào sổ. / Dossiers in the order in which the ledger came to know them."""
        after = place(cursor_)
        found = gateway.dossiers(after=after, want=limit)
        gateway.note_access(caller.actor, "dossier.list", f"> {after}")
        within = [DossierState.of(each) for each in found if caller.grant.covers(DossierCode.parse(each.code))]
        return DossierPage(items=within, next=cursor(found[-1].n) if len(found) == limit else None)

    @router.get("/{code}")
    def dossier(code: Code, caller: Caller = reader) -> DossierState:
        """Một hồ sơ, và đã tới từng đối tác đến đâu. / One dossier, and how far it has come at each partner."""
        wanted = _within(caller, code)
        found = gateway.dossier(wanted)
        gateway.note_access(caller.actor, "dossier.read", wanted.text)
        if found is None:
            raise Refusal("not-found", f"sổ cái không có hồ sơ này / the ledger has no such dossier: {wanted}")
        return DossierState.of(*found)

    @router.get("/{code}/timeline")
    def timeline(code: Code, caller: Caller = reader, cursor_: Cursor = None, limit: Limit = 100) -> TimelinePage:
        """Mọi điều đã xảy ra với một hồ sơ, cũ trước. / Everything that happened to one dossier, oldest first."""
        wanted = _within(caller, code)
        after = place(cursor_)
        lines = gateway.timeline(wanted)
        gateway.note_access(caller.actor, "timeline.read", wanted.text)
        if not lines:
            raise Refusal("not-found", f"sổ cái không có hồ sơ này / the ledger has no such dossier: {wanted}")
        end = after + limit
        return TimelinePage(
            items=[TimelineLine.of(line) for line in lines[after:end]],
            next=cursor(end) if end < len(lines) else None,
            broken_link=gateway.broken_link(wanted),
        )

    return router


def _within(caller: Caller, code: str) -> DossierCode:
    wanted = DossierCode.parse(code)
    caller.must_cover(wanted)
    return wanted
