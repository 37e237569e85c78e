"""DBOS: durable workflows, each with one step, on a queue; its system database is SQLite or PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from dbos import DBOS

from benchmarks.peers.engine import Deliver, Job, Place

_QUEUE = "dossiers"


def build(place: Place, workers: int, deliver: Deliver) -> DbosEngine:
    return DbosEngine(place, workers, deliver)


class DbosEngine:
    """Each workflow is recorded when it is enqueued, taken, its step done, and itself done."""

    def __init__(self, place: Place, workers: int, deliver: Deliver) -> None:
        url = place.url or f"sqlite:///{place.folder / 'dbos.sqlite'}"
        DBOS(
            config={
                "name": "so-sanh",
                "system_database_url": url.replace("postgresql://", "postgresql+psycopg://"),
                "log_level": "ERROR",
                "application_version": "1",
            }
        )

        self._arrived = threading.Semaphore(0)

        def post(body: str) -> None:
            deliver(body)
            self._arrived.release()

        step = DBOS.step(name="post")(post)

        def one(body: str) -> None:
            step(body)

        self._workflow = DBOS.workflow(name="dossier")(one)
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=workers, polling_interval_sec=0.01)

    def accept(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            DBOS.enqueue_workflow(_QUEUE, self._workflow, job.body)

    def work(self, expected: int) -> None:
        for _ in range(expected):
            self._arrived.acquire()
        while DBOS.list_queued_workflows(queue_name=_QUEUE, limit=1):
            time.sleep(0.005)  # It tells nobody when the last workflow is recorded.

    def close(self) -> None:
        DBOS.destroy()
