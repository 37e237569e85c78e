"""Takes the present span along to a partner, where the configuration says so."""

from __future__ import annotations

from gateway.http import Headers, HttpAnswer, Line
from gateway.observe.tracing import HEADER, traceparent


class CarryingLine:
    """*line*, with the present span in the head of each request; nothing of it when no span is recorded."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        if present := traceparent():
            headers = (*headers, (HEADER, present))
        return self._line.send(method, target, headers, body, until)

    def close(self) -> None:
        self._line.close()
