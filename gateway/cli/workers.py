"""The engines of one process, which may be replaced by others while it runs on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from gateway.api import Gateway
from gateway.delivery import Counts, Engine


class Workers:
    """
    Deliver in threads of their own until *stop* is set, or until nothing waits; a fault of ours in one ends them all.
    """

    def __init__(self, gateway: Gateway, stop: threading.Event, *, until_idle: bool = False) -> None:
        self._gateway = gateway
        self._stop = stop
        self._until_idle = until_idle
        self._pool = ThreadPoolExecutor(thread_name_prefix="workers")
        self._engines: list[Engine] = []
        self._earlier: list[Future[list[Counts]]] = []
        self._present = self._begin()

    def _begin(self) -> Future[list[Counts]]:
        engines = self._gateway.engines()
        self._engines += engines
        work = self._gateway.run_until_idle if self._until_idle else self._gateway.run
        return self._pool.submit(work, self._stop, engines)

    def hand_over(self) -> None:
        """New engines begin, by the gateway's present settings; the others finish their calls and end."""
        before, earlier = list(self._engines), self._present
        self._present = self._begin()
        self._earlier.append(earlier)
        for engine in before:
            engine.halt()

    def ended(self, wait_s: float) -> bool:
        """Whether the work is over, for whatever reason; waits at most *wait_s* for that."""
        return bool(wait([self._present], timeout=wait_s).done) or any(
            each.done() and each.exception() is not None for each in self._earlier
        )

    @property
    def counts(self) -> Counts:
        """What all engines have recorded so far, those that have ended included."""
        return _sum([engine.counts for engine in self._engines])

    def join(self) -> Counts:
        """Wait until all have ended. Raises the fault of ours that ended them."""
        try:
            for each in (*self._earlier, self._present):
                each.result()
        finally:
            self._stop.set()
            self._pool.shutdown()
        return self.counts


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(**{name: sum(getattr(each, name) for each in counts) for name in Counts.__dataclass_fields__})
