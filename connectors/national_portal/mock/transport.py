"""
Where the mock portal meets httpx: served without sockets, and calling out to a province or for a file.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import httpx

from connectors.mocks import Directive, Ending, Partner, Request


class MockTransport(httpx.BaseTransport):
    """
    Serve a mock partner to ``httpx.Client(transport=...)``.

    Nothing waits: a stall longer than the request's read time-out raises at once what a real one raises in the end, a
    shorter one is skipped.
    """

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = Request(
            request.method,
            request.url.path,
            dict(request.url.params),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
        )
        directive = self._partner.handle(asked)
        directive.exchange.release()
        try:
            response = _carry_out(directive, request)
        except httpx.TransportError:
            directive.exchange.settle(False)
            raise
        directive.exchange.settle(True)
        return response


def _carry_out(directive: Directive, request: httpx.Request) -> httpx.Response:
    patience = request.extensions.get("timeout", {}).get("read")
    if patience is not None and directive.delay_s > patience:
        raise httpx.ReadTimeout("the partner stalled", request=request)
    match directive.ending:
        case Ending.REFUSE:
            raise httpx.ConnectError("the partner refused the connection", request=request)
        case Ending.DROP:
            raise httpx.ReadError("the partner dropped the connection", request=request)
        case Ending.CUT:
            raise httpx.RemoteProtocolError("the partner cut its answer", request=request)
        case Ending.ANSWER:
            return httpx.Response(directive.status, headers=directive.headers, content=directive.body, request=request)


_PATIENCE_S: Final = 10.0


def on_this_machine(url: str) -> bool:
    """Whether *url* leads to a loopback address: a mock never calls anywhere else."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def post_json(url: str, body: bytes) -> tuple[int, bytes]:
    """Post to a province on this machine. Raises ``OSError`` when nothing is answered or the address is elsewhere."""
    if not on_this_machine(url):
        raise PermissionError("not a loopback address")
    try:
        answer = httpx.post(
            url, content=body, headers={"Content-Type": "application/json"}, timeout=_PATIENCE_S, trust_env=False
        )
    except httpx.TransportError as error:
        raise ConnectionError(type(error).__name__) from error
    return answer.status_code, answer.content


def fetch(url: str) -> tuple[int, int]:
    """Get a linked file on this machine: HTTP status and size; status 0 when that is not possible."""
    if not on_this_machine(url):
        return 0, 0
    try:
        answer = httpx.get(url, timeout=_PATIENCE_S, trust_env=False)
    except httpx.TransportError:
        return 0, 0
    return answer.status_code, len(answer.content)
