"""
Connections that wait for a PostgreSQL server that answers no more, though its machine still does, as when its disk
hangs: no time-out of the network ends that, so they are cut where a process is to end.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


class InUse:
    """Which connections are used just now, and since when. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[Connection, float] = {}

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

    def cut(self, longer_than_s: float) -> bool:
        """Cut those that have been used for longer than that: whoever waits for them fails. Whether there were any."""
        now = time.monotonic()
        with self._lock:
            stuck = [each for each, since in self._since.items() if now - since > longer_than_s]
            for each in stuck:
                # The lock keeps its user from closing it meanwhile, and its number from meaning another file.
                with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(each.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)
        return bool(stuck)
