"""
Answers that are no envelope any more: what the wire and the adapters make of them (contract 13.3, 18.4).
"""

from __future__ import annotations

from typing import Final

from connectors.mocks import Directive, Ending, Exchange
from connectors.national_portal.dialect.answers import HTML, JSON, TEXT, doubled, page
from connectors.national_portal.mock.faults import Fault, FaultKind

_TITLES: Final = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


def wreck(fault: Fault, exchange: Exchange, message: str, body: bytes, code: int | str, stall_s: float) -> Directive:
    """The directive for *fault*; *body* is the envelope that would have been answered, with *message* and *code*."""
    match fault.kind:
        case FaultKind.STALL:
            return Directive(delay_s=stall_s, ending=Ending.DROP, exchange=exchange)
        case FaultKind.REFUSE:
            return Directive(ending=Ending.REFUSE, exchange=exchange)
        case FaultKind.CUT:
            return Directive(200, JSON, body, ending=Ending.CUT, exchange=exchange)
        case FaultKind.HTML:
            return Directive(200, HTML, page(200, "Thông báo"), exchange=exchange)
        case FaultKind.EMPTY:
            return Directive(200, JSON, b"", exchange=exchange)
        case FaultKind.TEXT:
            return Directive(200, TEXT, message.encode(), exchange=exchange)
        case FaultKind.HALF_JSON:
            return Directive(200, JSON, body[: len(body) // 2], exchange=exchange)
        case FaultKind.DOUBLE:
            return Directive(200, JSON, doubled(body, code), exchange=exchange)
        case FaultKind.HTTP | FaultKind.TOO_MANY | FaultKind.CLOSED:
            return _failing(fault, exchange)
        case _:
            return Directive(ending=Ending.DROP, exchange=exchange)


def _failing(fault: Fault, exchange: Exchange) -> Directive:
    status = {FaultKind.TOO_MANY: 429, FaultKind.CLOSED: 503}.get(fault.kind, fault.status)
    headers = dict(HTML)
    if fault.retry_after_s is not None:
        headers["Retry-After"] = str(fault.retry_after_s)
    return Directive(status, headers, page(status, _TITLES.get(status, "Error")), exchange=exchange)
