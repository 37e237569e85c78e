"""
Connections that wait for a PostgreSQL server that answers no more, though its machine or a proxy still does, as when
its disk hangs: no time-out of the network ends that, so they are cut, and sooner where a process is to end.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

STUCK_S = 2.0
"""A statement that takes so long when a process is to end waits for a server that does not answer."""
LOOK_S = 0.25


class InUse:
    """
    Which connections are used just now, and since when each has waited for an answer. Safe for several threads.

    Until it is closed a thread of its own cuts those that have waited longer than *longest_s*: whoever waits for them
    fails.
    """

    def __init__(self, longest_s: float) -> None:
        self._lock = threading.Lock()
        self._since: dict[Connection, float] = {}
        self._longest_s = longest_s
        self._end_at = math.inf
        self._give_up: Callable[[], None] = lambda: None
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="database-watch", daemon=True).start()

    @contextmanager
    def of(self, connection: Connection) -> Iterator[None]:
        """*connection* is used for the block."""
        with self._lock:
            self._since[connection] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._since.pop(connection, None)

    def asks(self, connection: Connection) -> None:
        """*connection* has had its answers so far, and asks for the next one."""
        with self._lock:
            self._since[connection] = time.monotonic()

    def hurry(self, within_s: float, give_up: Callable[[], None]) -> None:
        """
        The process is to end: beyond *within_s* nobody waits longer than ``STUCK_S``, and where somebody did, *give_up*
        is called.
        """
        self._give_up = give_up
        self._end_at = time.monotonic() + within_s

    def close(self) -> None:
        self._closed.set()

    def _watch(self) -> None:
        hangs = False
        while not self._closed.wait(LOOK_S):
            if hangs:
                # Not sooner: who asked whether its connection is alive has queued for another one by now.
                self._give_up()
            ends = time.monotonic() >= self._end_at
            were_cut = self._cut(STUCK_S if ends else self._longest_s)
            hangs = hangs or (ends and were_cut)

    def _cut(self, longer_than_s: float) -> bool:
        """Cut those that have waited for longer than that. Whether there were any."""
        now = time.monotonic()
        with self._lock:
            stuck = [each for each, since in self._since.items() if now - since > longer_than_s]
            for each in stuck:
                # The lock keeps its user from closing it meanwhile, and its number from meaning another file.
                with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(each.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)
        return bool(stuck)
