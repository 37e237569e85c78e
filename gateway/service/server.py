"""
The service on a socket: uvicorn in a thread of this process, until it is told to stop.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

import uvicorn
from fastapi import FastAPI

from gateway.config import ServiceSettings
from gateway.config.address import open_socket, url_of
from gateway.observe import Event, get_logger
from gateway.service.guard import Door, descriptors_for, guarded

log = get_logger(__name__)

BACKLOG = 2048


def _nobody(_reason: str) -> None:
    """Nobody counts who is sent away."""


class Server:
    """
    A running service. Closing it lets requests under way end, for at most *stop_s* seconds. *refused* is told a word
    for every connection that is sent away.

    Raises ``ConfigurationError`` when the address cannot be opened.
    """

    def __init__(
        self, app: FastAPI, settings: ServiceSettings, *, stop_s: float, refused: Callable[[str], None] = _nobody
    ) -> None:
        self._socket = open_socket("service.listen", settings.listen, backlog=BACKLOG)
        # Connections inherit it: else the last part of an answer waits 40 ms for the client's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        most = descriptors_for(settings.max_connections)
        if most < settings.max_connections:
            log.warning(Event.DESCRIPTORS_SHORT, connections=most, wanted=settings.max_connections)
        door = Door(
            most=most,
            most_per_source=settings.max_connections_per_source,
            proxies=settings.proxies,
            refused=refused,
        )
        # A line for every client that does not speak HTTP would fill the disk; they are counted.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", guarded(door, settings)),
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=settings.keepalive_s,
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
