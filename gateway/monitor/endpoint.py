"""``/metrics``, ``/health/live`` and ``/health/ready`` on an address of their own, for services and workers alike."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from gateway.config.address import open_socket, url_of
from gateway.monitor.health import Report
from gateway.monitor.monitor import CONTENT_TYPE, Monitor

AT_ONCE: Final = 8
"""So many are answered at a time; who comes then is sent away."""
PATIENCE_S: Final = 5.0
"""For a request to arrive, and for its answer to be taken."""
WHOLE_S: Final = 15.0
"""For all of it, so that nobody keeps a seat by one byte now and then."""
BACKLOG: Final = 16

Answer = tuple[int, str, bytes]


class Endpoint:
    """
    Answers in threads of its own until it is closed. Raises ``ConfigurationError`` that names *setting* when the
    *address* cannot be opened.
    """

    def __init__(
        self, monitor: Monitor, address: str, *, setting: str = "metrics.listen", whole_s: float = WHOLE_S
    ) -> None:
        self._server = _Server(open_socket(setting, address, backlog=BACKLOG), _answers(monitor), whole_s)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return url_of(self._server.socket)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answer(report: Report) -> Answer:
    return 200 if report.good else 503, "application/json", json.dumps(report.plain(), ensure_ascii=False).encode()


def _answers(monitor: Monitor) -> Mapping[str, Callable[[], Answer]]:
    return {
        "/metrics": lambda: (200, CONTENT_TYPE, monitor.exposition()),
        "/health/live": lambda: answer(monitor.live()),
        "/health/ready": lambda: answer(monitor.ready()),
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, opened: socket.socket, answers: Mapping[str, Callable[[], Answer]], whole_s: float) -> None:
        HTTPServer.__init__(self, opened.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = opened
        self.answers = answers
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        self._whole_s = whole_s
        self._seated: dict[socket.socket, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._seats.acquire(blocking=False):
            self._seated[request] = time.monotonic()
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seated.pop(request, None)
            self._seats.release()

    def service_actions(self) -> None:
        """Called again and again: whoever has been here for too long is shown out."""
        now = time.monotonic()
        for request, since in tuple(self._seated.items()):
            if now - since > self._whole_s:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is none of our business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_S
    server_version = "lienthong"
    sys_version = ""

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path.partition("?")[0])
        status, kind, content = (404, "text/plain", b"") if answer is None else answer()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so by the class above.
        """Whoever looks after health asks every few seconds."""
