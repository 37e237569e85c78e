"""
Whose turn it is on a connection that the threads of a process share, and how long they wait for it: altogether, for
each other and for another process that holds the database, so that many who wait do not wait one after the other.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = timedelta(seconds=0.25)
"""So long somebody waits before a look at whether to hurry."""
_SLICE_S: Final = SLICE.total_seconds()
_AFTER_YOU_S: Final = 0.001


class TurnMissed(Exception):
    """Other threads of this process did not give the connection back in time."""


class Turns:
    """
    A thread has one turn at a time; of those that write one at a time waits for other processes.

    *is_busy* tells of a fault whether another process holds the database.
    """

    def __init__(self, patience: timedelta, is_busy: Callable[[BaseException], bool]) -> None:
        self._connection = threading.Lock()
        self._writers = threading.Lock()
        self._patience_s = patience.total_seconds()
        self._is_busy = is_busy
        self._end = math.inf

    def hurry(self, within: timedelta) -> None:
        """Nobody waits beyond *within* from now on; what need not wait is still done."""
        self._end = min(self._end, time.monotonic() + within.total_seconds())

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Have the connection for the block, whatever it takes: who waits gives up first."""
        self.hurry(timedelta(0))
        with self._connection:
            yield

    @contextmanager
    def reading(self, begin: Callable[[], T]) -> Iterator[T]:
        """Have the connection for a block, with what *begin* returns. Raises ``TurnMissed``, or as *begin* does."""
        with self._held(self._connection, self._until()):
            yield begin()

    @contextmanager
    def writing(self, begin: Callable[[], T]) -> Iterator[T]:
        """
        The same for a writer: *begin* is called again and again while another process holds the database.
        """
        until = self._until()
        with self._held(self._writers, until):
            begun = self._begun(begin, until)
            try:
                yield begun
            finally:
                self._connection.release()

    def _begun(self, begin: Callable[[], T], until: float) -> T:
        """What *begin* returned; the connection is this thread's."""
        while True:
            self._take(self._connection, until)
            try:
                return begin()
            except BaseException as fault:
                self._connection.release()
                if not self._is_busy(fault) or self._left_s(until) <= 0:
                    raise
            time.sleep(_AFTER_YOU_S)

    @contextmanager
    def _held(self, lock: threading.Lock, until: float) -> Iterator[None]:
        self._take(lock, until)
        try:
            yield
        finally:
            lock.release()

    def _take(self, lock: threading.Lock, until: float) -> None:
        while not lock.acquire(timeout=max(0.0, min(_SLICE_S, self._left_s(until)))):
            if self._left_s(until) <= 0:
                raise TurnMissed

    def _until(self) -> float:
        return time.monotonic() + self._patience_s

    def _left_s(self, until: float) -> float:
        return min(until, self._end) - time.monotonic()
