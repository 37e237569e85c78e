"""
Work that stops where it is told to and goes on when it is resumed: threads that pass one baton.

At any moment exactly one of them runs, and the caller of ``resume`` decides which, so that a run is decided by its
seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread


class Killed(BaseException):
    """The process that did this work is no more; no ``except Exception`` of it may notice."""


class Fiber:
    """One piece of work. *fault* is what ended it, if it did not end well."""

    def __init__(self, runner: Runner, work: Callable[[], None]) -> None:
        self.done = False
        self.fault: BaseException | None = None
        self._work = work
        self._runner = runner
        self._blow: BaseException | None = None

    def resume(self, blow: BaseException | None = None) -> None:
        """Run until the next ``pause`` or the end; with *blow* that is what the pause raises."""
        self._blow = blow
        self._runner.run(self)

    def pause(self) -> None:
        """Let others run. Only for the work itself."""
        self._runner.rest()
        if self._blow is not None:
            raise self._blow

    def work(self) -> None:
        """Everything, on the runner's thread."""
        try:
            if self._blow is None:
                self._work()
            else:
                self.fault = self._blow
        except BaseException as fault:  # noqa: BLE001 - given to whoever resumed it.
            self.fault = fault
        self.done = True


class Runner:
    """A thread that lends itself to one fiber after another."""

    def __init__(self) -> None:
        self._go = Lock()
        self._back = Lock()
        self._go.acquire()
        self._back.acquire()
        self._fiber: Fiber | None = None
        Thread(target=self._serve, name="fiber", daemon=True).start()

    def run(self, fiber: Fiber) -> None:
        self._fiber = fiber
        self._go.release()
        self._back.acquire()

    def rest(self) -> None:
        self._back.release()
        self._go.acquire()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            assert self._fiber is not None
            self._fiber.work()
            self._fiber = None
            self._back.release()


_idle: list[Runner] = []


def start(work: Callable[[], None]) -> Fiber:
    """A fiber that waits for its first ``resume``."""
    return Fiber(_idle.pop() if _idle else Runner(), work)


def give_back(fiber: Fiber) -> None:
    """Its thread may serve another one."""
    assert fiber.done
    _idle.append(fiber._runner)
