"""
A connection that ends although the client is still sending.

Closed at once, the machine would answer what is still coming with a reset, and the client would often see that instead
of the answer that says what was wrong. So our side is closed, what comes is thrown away for a moment, and then all
ends.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LINGER_S = 1.0
_RESET = struct.pack("ii", 1, 0)


class Parting(asyncio.Transport):
    """*inner*, whose ``close`` lingers while the client is *still_sending*, and waits *flush_s* for it to read."""

    def __init__(
        self,
        inner: asyncio.Transport,
        still_sending: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
        flush_s: float,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._still_sending = still_sending
        self._loop = loop
        self._flush_s = flush_s
        self._parting = False
        self.write = inner.write  # type: ignore[method-assign] # The hottest call goes straight to the socket.

    def close(self) -> None:
        if self.is_closing():
            return
        if not self._still_sending() or not self._inner.can_write_eof():
            self._inner.close()
            if self._inner.get_write_buffer_size():
                self._loop.call_later(self._flush_s, self.abort)
            return
        self._parting = True
        self._inner.write_eof()
        self._inner.resume_reading()
        self._loop.call_later(LINGER_S, self.abort)

    def is_closing(self) -> bool:
        return self._parting or self._inner.is_closing()

    def abort(self) -> None:
        """Close without caring for what is unsent, which the machine would keep, and send, for minutes."""
        raw = self._inner.get_extra_info("socket")
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._inner.abort()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)
