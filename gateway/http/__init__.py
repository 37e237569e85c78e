"""
The HTTP seam: one way to ask a partner, and two engines behind it. Nothing else knows an HTTP library.
"""

from gateway.http.faults import (
    AnswerTooLong,
    BrokenOff,
    ConnectTooLong,
    ForbiddenPlace,
    HttpFault,
    NoAnswer,
    NotConnected,
    NothingSent,
    Refused,
    TookTooLong,
    TooManyRedirects,
    Untrusted,
    Unwelcome,
    WrongAddress,
    delivery_error,
)
from gateway.http.line import ClientCertificate, Headers, HttpAnswer, Line, LineSettings
from gateway.http.links import LinkedFile, LinkReader, LinkRules
from gateway.http.opening import Engine, open_line
from gateway.http.plain import Network

__all__ = [
    "AnswerTooLong",
    "BrokenOff",
    "ClientCertificate",
    "ConnectTooLong",
    "Engine",
    "ForbiddenPlace",
    "Headers",
    "HttpAnswer",
    "HttpFault",
    "Line",
    "LineSettings",
    "LinkReader",
    "LinkRules",
    "LinkedFile",
    "Network",
    "NoAnswer",
    "NotConnected",
    "NothingSent",
    "Refused",
    "TooManyRedirects",
    "TookTooLong",
    "Untrusted",
    "Unwelcome",
    "WrongAddress",
    "delivery_error",
    "open_line",
]
