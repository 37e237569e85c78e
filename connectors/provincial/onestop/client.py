"""
The webhook: one signed POST for each change, and the only place that knows what can go wrong with it.

====================================  ======================================================
the receiver                          means
====================================  ======================================================
2xx, 409                              delivered: it has the change, now or since before
401, 403                              the other secret, then AuthenticationFailed: secret or clock is wrong
404, 405, 410, a redirect             Unreachable: the address is wrong, no change can pass
400, 413, 415, 422                    Rejected: this change will never pass
429, 503                              Busy, ``Retry-After`` is obeyed
any other                             Faulted: it says that it failed, so try again
no connection                         Unreachable
no answer                             OutcomeUnknown; sending again is harmless, the key tells
====================================  ======================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.provincial.onestop.settings import OneStopSettings
from connectors.provincial.onestop.wire import Told, rendered
from gateway.errors import AuthenticationFailed, Busy, Faulted, Rejected, Unreachable
from gateway.http import HttpAnswer, HttpFault, LineSettings, Network, delivery_error, open_line
from gateway.signing import signed_headers

_MOST_ANSWER_BYTES = 64 * 1024
_LONGEST_WAIT = timedelta(days=1)
_ALREADY = 409
_STRANGER = frozenset({401, 403})
_NO_SERVICE = frozenset({404, 405, 410, 421})
_NEVER = frozenset({400, 413, 415, 422})
_BUSY = frozenset({429, 503})


class WebhookClient:
    """Safe for several threads. *network* stands in for the network in tests."""

    def __init__(
        self,
        partner: str,
        settings: OneStopSettings,
        *,
        now: Callable[[], datetime],
        network: Network | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(settings.url)
        self._partner = partner
        self._settings = settings
        given = (settings.secret.get_secret_value(), settings.old_secret.get_secret_value())
        self._secrets = tuple(secret.encode() for secret in given if secret)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._now = now
        self._monotonic = monotonic
        self._line = open_line(
            settings.engine,
            LineSettings(
                origin=f"{parts.scheme}://{parts.netloc}",
                connect_s=settings.connect_timeout_s,
                read_s=settings.read_timeout_s,
                keepalive_s=5.0,
                answer_bytes=_MOST_ANSWER_BYTES,
                ca_file=settings.ca_file,
                client=settings.client_certificate,
            ),
            network=network,
            monotonic=monotonic,
        )

    def tell(self, told: Told) -> None:
        """Raises a ``DeliveryError`` unless the receiver has the change."""
        body, until = rendered(told), self._monotonic() + self._settings.timeout_s
        first, *others = self._secrets
        answer = self._signed(first, told.key, body, until)
        for secret in others:
            if answer.status not in _STRANGER:
                break
            answer = self._signed(secret, told.key, body, until)
            if answer.status not in _STRANGER:
                # It is tried first from now on, until the receiver refuses it too.
                self._secrets = (secret, first)
        if not (200 <= answer.status < 300 or answer.status == _ALREADY):
            self._refuse(answer)

    def _signed(self, secret: bytes, key: str, body: bytes, until: float) -> HttpAnswer:
        headers = {"Content-Type": "application/json", **signed_headers(secret, key, body, self._now())}
        try:
            return self._line.send("POST", self._target, tuple(headers.items()), body, until)
        except HttpFault as fault:
            raise delivery_error(fault, self._partner) from fault

    def ping(self) -> int:
        """The status that the address gives to an unsigned question, which does nothing there."""
        try:
            return self._line.send("GET", self._target, (), b"", self._monotonic() + self._settings.timeout_s).status
        except HttpFault as fault:
            raise delivery_error(fault, self._partner) from fault

    def close(self) -> None:
        self._line.close()

    def _refuse(self, answer: HttpAnswer) -> None:
        """Nothing of the receiver's answer is shown: it may repeat what it was told."""
        status, code, partner = answer.status, f"http-{answer.status}", self._partner
        if status in _STRANGER:
            text = "hệ thống một cửa không nhận chữ ký; kiểm tra secret và đồng hồ / it refuses the signature"
            raise AuthenticationFailed(partner, code, text)
        if status in _NO_SERVICE or 300 <= status < 400:
            raise Unreachable(partner, code, "địa chỉ không nhận thay đổi; sửa url / no receiver there: mend url")
        if status in _NEVER:
            raise Rejected(partner, code, "hệ thống một cửa từ chối thay đổi này / the receiver refuses this change")
        wait = _wait(answer)
        if status in _BUSY:
            raise Busy(partner, code, "hệ thống một cửa đang bận / the receiver is busy", retry_after=wait)
        raise Faulted(partner, code, f"hệ thống một cửa báo lỗi, HTTP {status} / it failed", retry_after=wait)


def _wait(answer: HttpAnswer) -> timedelta | None:
    value = answer.header("retry-after").strip()
    if not (value.isascii() and value.isdecimal()):
        return None
    return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
