"""Procrastinate: a job queue on PostgreSQL, with locks by which jobs of one key wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from procrastinate import App, PsycopgConnector

from benchmarks.peers.engine import AT_ONCE, Deliver, Job, Place


def build(place: Place, workers: int, deliver: Deliver) -> ProcrastinateEngine:
    return ProcrastinateEngine(place, workers, deliver, locks=False)


def build_with_locks(place: Place, workers: int, deliver: Deliver) -> ProcrastinateEngine:
    return ProcrastinateEngine(place, workers, deliver, locks=True)


class ProcrastinateEngine:
    """With *locks*, a job carries its dossier as its lock: jobs of a dossier run one by one, oldest first."""

    def __init__(self, place: Place, workers: int, deliver: Deliver, *, locks: bool) -> None:
        self._workers = workers
        self._locks = locks
        self._runner = asyncio.Runner()
        self._app = App(connector=PsycopgConnector(conninfo=place.url))

        def one(body: str) -> None:
            deliver(body)

        self._task = self._app.task(name="dossier")(one)
        self._runner.run(self._open())

    def accept(self, jobs: Sequence[Job]) -> None:
        self._runner.run(self._accept(jobs))

    def work(self, expected: int) -> None:
        del expected
        self._runner.run(
            self._app.run_worker_async(
                concurrency=self._workers, wait=False, install_signal_handlers=False, listen_notify=False
            )
        )

    def close(self) -> None:
        self._runner.run(self._app.close_async())
        self._runner.close()

    async def _open(self) -> None:
        await self._app.open_async()
        await self._app.schema_manager.apply_schema_async()

    async def _accept(self, jobs: Sequence[Job]) -> None:
        for at in range(0, len(jobs), AT_ONCE):
            made = [
                self._task.configure(lock=job.key if self._locks else None).make_new_job(body=job.body)
                for job in jobs[at : at + AT_ONCE]
            ]
            await self._app.job_manager.batch_defer_jobs_async(jobs=made)
