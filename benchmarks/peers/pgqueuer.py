"""
PgQueuer: a job queue on PostgreSQL, with asyncio.

Over asyncpg: with psycopg each of its queries waits for the listening on the same connection, up to a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.models import Job as PgQueuerJob
from pgqueuer.types import QueueExecutionMode

from benchmarks.peers.engine import AT_ONCE, Deliver, Job, Place

_ENTRYPOINT = "dossier"
_BLOCK = 64
_LOOK_EVERY = timedelta(milliseconds=10)


def build(place: Place, workers: int, deliver: Deliver) -> PgQueuerEngine:
    return PgQueuerEngine(place, workers, deliver)


class PgQueuerEngine:
    """Its tables are logged, which is its default; a job that ended is moved to a log table by the same statement."""

    def __init__(self, place: Place, workers: int, deliver: Deliver) -> None:
        self._url = place.url
        self._threads = ThreadPoolExecutor(workers)
        self._deliver = deliver
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(place.url))
        self._queries = Queries(AsyncpgDriver(self._connection))
        self._runner.run(self._queries.install())

    def accept(self, jobs: Sequence[Job]) -> None:
        self._runner.run(self._accept(jobs))

    def work(self, expected: int) -> None:
        del expected
        self._runner.run(self._work())

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    async def _accept(self, jobs: Sequence[Job]) -> None:
        for at in range(0, len(jobs), AT_ONCE):
            some = jobs[at : at + AT_ONCE]
            await self._queries.enqueue([_ENTRYPOINT] * len(some), [job.body.encode() for job in some], [0] * len(some))

    async def _work(self) -> None:
        asyncio.get_running_loop().set_default_executor(self._threads)
        connection = await asyncpg.connect(self._url)
        try:
            engine = PgQueuer.from_asyncpg_connection(connection)
            engine.entrypoint(_ENTRYPOINT)(self._one)
            await engine.run(dequeue_timeout=_LOOK_EVERY, batch_size=_BLOCK, mode=QueueExecutionMode.drain)
        finally:
            await connection.close()

    async def _one(self, job: PgQueuerJob) -> None:
        assert job.payload is not None
        await asyncio.to_thread(self._deliver, job.payload.decode())
