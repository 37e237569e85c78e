"""A network between two processes that a test can break, and one address for several services."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)
CHUNK = 65536


class Proxy:
    """
    Passes TCP on from a port of its own to *port* on loopback.

    ``cut`` resets every connection; ``deafen`` lets requests through, but the first answer to come is swallowed and the
    line cut in its place; ``stall`` holds everything back until ``resume``; ``silence`` lets nothing through on
    the connections that there are, and ends none of them. New connections work as soon as nothing is stalled.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flowing = _set()
        self._silent: list[threading.Event] = []
        self._deaf = False
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._acceptor.start()

    def cut(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for end in (end for pair in pairs for end in pair):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)

    def deafen(self) -> None:
        self._deaf = True

    def stall(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def silence(self) -> None:
        self.stall()
        self._silent.append(self._flowing)
        self._flowing = _set()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        self.resume()
        self.cut()
        for flowing in self._silent:
            flowing.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="proxy", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(client)
            try:
                server = stack.enter_context(self._reach())
            except ConnectionRefusedError:
                return
            pair, flowing = (client, server), self._flowing
            with self._lock:
                self._pairs.add(pair)
            answering = (server, client, flowing, True)
            answers = threading.Thread(target=self._pass, args=answering, name="proxy", daemon=True)
            answers.start()
            self._pass(client, server, flowing)
            answers.join()
            with self._lock:
                self._pairs.discard(pair)

    def _reach(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._target))

    def _pass(
        self, source: socket.socket, sink: socket.socket, flowing: threading.Event, answers: bool = False
    ) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                flowing.wait()
                if answers and self._deaf:
                    self._deaf = False
                    self.cut()
                    return
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


class Balancer(Proxy):
    """One address for several services: each connection goes to the next of *ports*, or to whoever is there."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self._turn = itertools.count()
        super().__init__(0)

    def _reach(self) -> socket.socket:
        first = next(self._turn)
        for number in range(first, first + len(self.ports)):
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.ports[number % len(self.ports)]))
        raise ConnectionRefusedError
