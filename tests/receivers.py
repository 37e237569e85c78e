"""The one-stop system's receiver on a real socket, with answers that get lost or refuse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connectors.provincial.onestop.mock import MockOneStop


@dataclass
class Door:
    """*script* says what becomes of the next requests: a status instead of work, or ``None``: the answer is lost."""

    system: MockOneStop
    script: list[int | None] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving(system: MockOneStop) -> Iterator[Door]:
    door = Door(system)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            planned = door.script.pop(0) if door.script else 0
            status = planned or system.take(dict(self.headers.items()), body)
            if planned is None:
                self.close_connection = True
                return
            self._answer(status)

        def do_GET(self) -> None:
            self._answer(405)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        door.url = f"http://127.0.0.1:{server.server_port}/lienthong"
        try:
            yield door
        finally:
            server.shutdown()
            thread.join()
