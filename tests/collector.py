"""A collector of OpenTelemetry on this machine: keeps the spans that a process sends, and the bytes they came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """One span: ids are in hexadecimal, *links* are ids of spans."""

    name: str
    trace: str
    id: str
    parent: str
    failed: str
    attributes: Mapping[str, object]
    links: tuple[str, ...]


@dataclass
class Collector:
    """What arrived so far."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For the process that is watched: it sends often, and all of it."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "NO_PROXY": "*",
        }

    @property
    def spans(self) -> list[Seen]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in list(self.raw)]
        return [
            _seen(span)
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def _seen(span: Any) -> Seen:
    return Seen(
        span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.status.message,
        {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes},
        tuple(link.span_id.hex() for link in span.links),
    )  # fmt: skip


@contextmanager
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so by the class above.
            """Not into the output of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
