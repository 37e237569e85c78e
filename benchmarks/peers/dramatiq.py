"""Dramatiq over a Valkey or Redis server: a task queue."""

from __future__ import annotations

from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers.engine import Deliver, Job, Place

_QUEUE = "default"


def build(place: Place, workers: int, deliver: Deliver) -> DramatiqEngine:
    return DramatiqEngine(place, workers, deliver)


class DramatiqEngine:
    """The server writes every change to its disk before it answers. Each message is enqueued by itself."""

    def __init__(self, place: Place, workers: int, deliver: Deliver) -> None:
        self._workers = workers
        self._broker = RedisBroker(url=place.url)
        dramatiq.set_broker(self._broker)

        def one(body: str) -> None:
            deliver(body)

        self._actor = dramatiq.actor(one, broker=self._broker, queue_name=_QUEUE)

    def accept(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._actor.send(job.body)

    def work(self, expected: int) -> None:
        del expected
        worker = dramatiq.Worker(self._broker, worker_threads=self._workers, worker_timeout=100)
        worker.start()
        self._broker.join(_QUEUE, interval=10)
        worker.join()
        worker.stop()

    def close(self) -> None:
        self._broker.close()
