"""
The service on a socket: uvicorn in a thread of this process, until it is told to stop.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from gateway.config import ServiceSettings
from gateway.config.address import open_socket, url_of

BACKLOG = 1024


class Server:
    """
    A running service. Closing it lets requests under way end, for at most *stop_s* seconds.

    Raises ``ConfigurationError`` when the address cannot be opened.
    """

    def __init__(self, app: FastAPI, settings: ServiceSettings, *, stop_s: float) -> None:
        self._socket = open_socket("service.listen", settings.listen, backlog=BACKLOG)
        # Connections inherit it: else the last part of an answer waits 40 ms for the client's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app,
                http="httptools",
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=math.ceil(stop_s),
            )
        )
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [self._socket]}, name="service", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return url_of(self._socket)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def wait_until_ready(self, wait: Callable[[float], object]) -> bool:
        """Whether it takes requests; False when it ended before. *wait* pauses for so many seconds."""
        while self.alive and not self._uvicorn.started:
            wait(0.01)
        return self.alive

    def close(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
