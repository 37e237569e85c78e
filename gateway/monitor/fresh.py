"""An answer that may be slow to come, for many who ask often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Fresh(Generic[T]):
    """
    What *ask* returned, not older than *keep_s* seconds. It is asked by one thread at a time, however many want to
    know; none of them waits longer than *wait_s*. Safe for several threads.
    """

    def __init__(
        self, ask: Callable[[], T], *, keep_s: float, wait_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._keep_s = keep_s
        self._wait_s = wait_s
        self._monotonic = monotonic
        self._news = threading.Condition()
        self._answers: list[T | Exception] = []
        self._asked_at = 0.0
        self._asking = False

    def get(self) -> T:
        """The answer. Raises ``TimeoutError`` when none comes in time, and whatever *ask* raised."""
        with self._news:
            if self._is_stale() and not self._asking:
                self._asking = True
                self._answers.clear()
                threading.Thread(target=self._find_out, name="monitor", daemon=True).start()
            if not self._news.wait_for(lambda: not self._asking, self._wait_s):
                raise TimeoutError
            (answer,) = self._answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _is_stale(self) -> bool:
        return not self._answers or self._monotonic() - self._asked_at >= self._keep_s

    def _find_out(self) -> None:
        asked_at = self._monotonic()
        try:
            answer: T | Exception = self._ask()
        except Exception as fault:  # noqa: BLE001 - raised where it is asked for.
            answer = fault
        with self._news:
            self._answers[:] = [answer]
            self._asked_at = asked_at
            self._asking = False
            self._news.notify_all()
