"""huey with its SQLite storage: a small task queue."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from huey import SqliteHuey

from benchmarks.peers.engine import Deliver, Job, Place


def build(place: Place, workers: int, deliver: Deliver) -> HueyEngine:
    return HueyEngine(place, workers, deliver)


class HueyEngine:
    """With *fsync*, which is not its default. It has no way to keep several tasks in one commit."""

    def __init__(self, place: Place, workers: int, deliver: Deliver) -> None:
        self._workers = workers
        self._huey = SqliteHuey(
            filename=str(place.folder / "huey.db"), fsync=True, strict_fifo=True, results=False, utc=True
        )
        self._arrived = threading.Semaphore(0)

        def one(body: str) -> None:
            deliver(body)
            self._arrived.release()

        self._task = self._huey.task(name="dossier")(one)

    def accept(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._task(job.body)

    def work(self, expected: int) -> None:
        consumer = self._huey.create_consumer(
            workers=self._workers, periodic=False, initial_delay=0.01, max_delay=0.01, check_worker_health=False
        )
        consumer.start()
        for _ in range(expected):
            self._arrived.acquire()
        consumer.stop(graceful=True)

    def close(self) -> None:
        self._huey.storage.close()
