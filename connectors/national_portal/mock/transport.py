"""
The portal without sockets: an httpx transport that asks it directly.

Nothing waits: a stall longer than the request's read time-out raises at once what a real one raises in the end, a
shorter one is skipped.
"""

from __future__ import annotations

import httpx

from connectors.mocks import Directive, Ending, Partner, Request


class MockTransport(httpx.BaseTransport):
    """Serve a mock partner to ``httpx.Client(transport=...)``."""

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
