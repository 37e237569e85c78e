"""
What can go wrong between a request and its answer, and the one decision that matters: had anything left us?

::

    HttpFault
    ├── NothingSent         not one byte of the request left: it cannot have had an effect
    │   ├── NotConnected    no connection
    │   │   ├── Refused     at once; a second try at once is harmless
    │   │   ├── Untrusted   TLS failed, or the certificate is not to be believed
    │   │   └── Unwelcome   the partner does not take our certificate
    │   ├── ConnectTooLong  no connection in time
    │   ├── WrongAddress    nothing can be asked there
    │   ├── ForbiddenPlace  a link to where links may not lead
    │   └── TooManyRedirects  sent in circles: whoever it is, it did not take the request
    └── NoAnswer            it may have left, and nothing usable came back
        ├── TookTooLong     silence, or the call's whole time is over
        ├── BrokenOff       the connection ended, or what came is no HTTP
        └── AnswerTooLong   longer than allowed; what was read is thrown away

Faults carry no text of the partner: its headers and bodies may name people.
"""

from __future__ import annotations

import ssl
from typing import ClassVar

from gateway.errors import DeliveryError, OutcomeUnknown, Unreachable


class HttpFault(Exception):
    """One exchange failed. *code* and *text* are what people read; *text* is Vietnamese first."""

    code: ClassVar[str]
    text: ClassVar[str]


class NothingSent(HttpFault):
    """Not one byte of the request left us."""


class NotConnected(NothingSent):
    """There is no connection to the partner."""

    code = "connect"
    text = "không nối được tới đối tác / cannot connect to the partner"


class Refused(NotConnected):
    """Refused at once: who tries again now repeats nothing."""


class Untrusted(NotConnected):
    """TLS failed before the request: the partner is not proven to be who it should be."""

    code = "tls"
    text = "chứng thư của đối tác không tin được (ca_file) / its certificate is not trusted"


class Unwelcome(NotConnected):
    """
    The partner does not take our certificate, or wants one. TLS may say so only behind the first bytes of a request,
    which nobody has read then.
    """

    code = "client-certificate"
    text = "đối tác từ chối ta khi bắt tay TLS (client_cert_file) / the partner refuses us: check client_cert_file"


class ConnectTooLong(NothingSent):
    """Nobody took the connection in time."""

    code = "connect-timeout"
    text = "không nối được kịp / no connection in time"


class WrongAddress(NothingSent):
    """The address cannot be asked at all."""

    code = "address"
    text = "địa chỉ của đối tác sai / the partner's address is wrong"


class ForbiddenPlace(NothingSent):
    """A link leads, itself or by a redirect, to a machine that links must not reach."""

    code = "forbidden-place"
    text = "liên kết tới địa chỉ nội bộ không được phép / a link to a private address that is not allowed"


class TooManyRedirects(NothingSent):
    """Sent in circles: whoever it is, it did not take the request."""

    code = "redirects"
    text = "chuyển hướng vòng quanh / redirected in circles"


class NoAnswer(HttpFault):
    """The request may have left, and no usable answer came back."""


class TookTooLong(NoAnswer):
    """Silence for too long, or bytes came and the call's whole time is over."""

    code = "timeout"
    text = "đối tác không trả lời kịp / no answer in time"


class BrokenOff(NoAnswer):
    """The connection ended before the answer did, or what came is no HTTP."""

    code = "broken-off"
    text = "đứt kết nối giữa chừng / the connection broke off"


class AnswerTooLong(NoAnswer):
    """The answer is longer than the settings allow."""

    code = "too-long"
    text = "câu trả lời quá dài / the answer is too long"


_ALERTS = (
    "HANDSHAKE_FAILURE", "CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "ACCESS_DENIED", "NO_CERTIFICATE",
)  # fmt: skip


def refuses_us(error: BaseException | None) -> bool:
    """Whether *error*, or what led to it, is the partner's word that it does not take our certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            alert = (error.reason or "").partition("_ALERT_")[2]
            return alert in _ALERTS
        error = error.__cause__ or error.__context__
    return False


def delivery_error(fault: HttpFault, partner: str) -> DeliveryError:
    """The error of ours that *fault* stands for: the only place where one becomes the other."""
    kind = Unreachable if isinstance(fault, NothingSent) else OutcomeUnknown
    return kind(partner, fault.code, fault.text)
