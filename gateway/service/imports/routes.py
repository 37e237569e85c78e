"""POST /v1/imports/{source} takes a file as it streams in; GET /v1/imports/{id} tells how far its import is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from gateway.access import Right
from gateway.errors import InvalidInput, StoreError
from gateway.model.text import show
from gateway.service.access import Caller
from gateway.service.context import Service
from gateway.service.imports.download import Download
from gateway.service.imports.receiving import PARTS, receive, takes_files
from gateway.service.imports.runner import Runner
from gateway.service.imports.spool import Spool
from gateway.service.published.problems import FieldProblem, Refusal, documented
from gateway.store.jobs import Job

_REFUSALS = documented(
    "unauthenticated", "forbidden", "malformed", "not-found", "too-large", "unsupported-type", "invalid-input",
    "store-unavailable", "store-full",
)  # fmt: skip
SourceName = Annotated[str, Path(max_length=63, description="Nguồn trong cấu hình / A source of the configuration")]
TableName = Literal["dossiers", "steps"]
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class ImportCounts(BaseModel):
    """What an import did, as the command ``import --json`` tells it."""

    rows: int
    dossiers: int
    steps: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    refused_rows: int
    refused_dossiers: int
    rejects: list[TableName] = []
    """Whose refused rows can be fetched."""
    seconds: float


class ImportJob(BaseModel):
    """
    An import: ``waiting``, ``running``, ``done`` or ``failed``. *done* of *total* bytes while *phase* is ``reading``,
    rows while it is ``submitting``. After the end, *report* or *refusal*; that of a *dry_run* tells what would be.
    """

    id: str
    state: str
    source: str
    dry_run: bool
    started_at: datetime
    changed_at: datetime
    phase: str
    done: int
    total: int | None
    report: ImportCounts | None = None
    refusal: FieldProblem | None = None

    @staticmethod
    def of(job: Job) -> ImportJob:
        told: dict[str, Any] = {name: job.detail.get(name) for name in ("phase", "done", "total", "report", "refusal")}
        return ImportJob(
            id=job.id, state=job.state, source=job.detail["source"],
            dry_run=job.detail.get("dry_run", False), started_at=job.started_at,
            changed_at=job.changed_at, **told,
        )  # fmt: skip


def routes(service: Service, spool: Spool, runner: Runner) -> APIRouter:
    """POST /v1/imports/{source}; GET /v1/imports/{id}, /v1/imports/{id}/rejects."""
    router = APIRouter(prefix="/v1/imports", tags=["Nhập tệp / Imports"], responses=_REFUSALS)
    gateway = service.gateway
    importer = Depends(service.access.needs(Right.IMPORT))

    @router.post("/{source}", status_code=202, openapi_extra=takes_files())
    async def upload(
        source: SourceName,
        request: Request,
        response: Response,
        caller: Caller = importer,
        backfill: Annotated[bool, Query(description="Hồ sơ cũ / Old dossiers")] = False,
        dry_run: Annotated[bool, Query(description="Chạy thử, không ghi gì / Read and compare only")] = False,
    ) -> ImportJob:
        """
        Nhận một tệp xuất CSV hoặc XLSX, hoặc biểu mẫu có cả tệp các bước, và nhập trong nền. / Take in an export, or a
        form that has the steps' file, too, and import it in the background.
        """
        if caller.grant.agencies is not None:
            raise Refusal("forbidden", "chỉ khóa của mọi đơn vị / only for a key of all agencies")
        if source not in gateway.settings.sources:
            raise Refusal("invalid-input", errors=[_unknown_source(source, sorted(gateway.settings.sources))])
        id_ = uuid4().hex
        received = await receive(request, spool, id_, service.settings.max_import_bytes)

        def note() -> Job:
            gateway.note_access(caller.actor, "import", id_)
            return runner.add(
                id_, source, caller.name, size=received.size, steps=received.steps, backfill=backfill, dry_run=dry_run
            )

        try:
            job = await anyio.to_thread.run_sync(note)
        except StoreError:
            # Its client is told to send it again.
            await anyio.to_thread.run_sync(spool.forget, id_)
            raise
        response.headers["Location"] = f"/v1/imports/{id_}"
        return ImportJob.of(job)

    @router.get("/{id_}")
    def job(id_: JobId, caller: Caller = importer) -> ImportJob:
        """Nhập đến đâu rồi. / How far an import is."""
        return ImportJob.of(_job(id_, caller))

    @router.get("/{id_}/rejects", response_class=Download, responses=documented("no-such-range"))
    def rejects(
        id_: JobId,
        caller: Caller = importer,
        table: Annotated[TableName, Query(description="Hồ sơ hay các bước / Whose rows")] = "dossiers",
    ) -> Response:
        """Các dòng bị từ chối, kèm lý do; sửa rồi gửi lại được. / The refused rows with their reasons, to be mended."""
        file = spool.rejects(id_, _job(id_, caller).turn, PARTS[table])
        if not file.exists():
            raise Refusal("not-found", "không có dòng nào bị từ chối ở máy này / there are no refused rows here")
        gateway.note_access(caller.actor, "import.rejects", id_)
        return Download(file, media_type="text/csv; charset=utf-8", headers={"Cache-Control": "no-store"})

    def _job(id_: str, caller: Caller) -> Job:
        found = gateway.jobs.find(id_)
        if found is None or found.client != caller.name:
            raise Refusal("not-found", "không có lần nhập này / there is no such import")
        return found

    return router


def _unknown_source(source: str, known: list[str]) -> InvalidInput:
    return InvalidInput(
        "source",
        show(source),
        "không có trong cấu hình / is not configured",
        f"Chọn một trong / Choose one of: {', '.join(known) or '–'}",
    )
