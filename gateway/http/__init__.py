"""
The HTTP seam: one way to ask a partner, and two engines behind it. Nothing else knows an HTTP library.
"""

from gateway.http.faults import (
    AnswerTooLong,
    BrokenOff,
    ConnectTooLong,
    HttpFault,
    NoAnswer,
    NotConnected,
    NothingSent,
    Refused,
    TookTooLong,
    Untrusted,
    WrongAddress,
    delivery_error,
)
from gateway.http.line import Headers, HttpAnswer, Line, LineSettings
from gateway.http.opening import Engine, open_line
from gateway.http.plain import Network

__all__ = [
    "AnswerTooLong",
    "BrokenOff",
    "ConnectTooLong",
    "Engine",
    "Headers",
    "HttpAnswer",
    "HttpFault",
    "Line",
    "LineSettings",
    "Network",
    "NoAnswer",
    "NotConnected",
    "NothingSent",
    "Refused",
    "TookTooLong",
    "Untrusted",
    "WrongAddress",
    "delivery_error",
    "open_line",
]
