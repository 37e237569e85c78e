"""
Client certificates that a trusted proxy has checked and passes on in a header (RFC 9440, or escaped PEM).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import ssl
from hashlib import sha256
from urllib.parse import unquote

from fastapi import Request

from gateway.config.clients import CertificateSettings
from gateway.config.networks import lies_within
from gateway.service.access.caller import Caller, granted


class ProxyCertificates:
    """Callers by the certificate that a trusted proxy names. From anybody else the header is nothing."""

    def __init__(self, settings: CertificateSettings) -> None:
        self._header = settings.header
        self._proxies = [ipaddress.ip_network(network) for network in settings.trusted_proxies]
        self._clients = {said.sha256: granted(name, said) for name, said in settings.clients.items()}

    def caller(self, request: Request) -> Caller | None:
        passed = request.headers.getlist(self._header)
        # Two of them: one may be the client's own, which the proxy did not take out.
        if len(passed) != 1 or not self._is_trusted(request):
            return None
        der = _der(passed[0])
        known = None if der is None else self._clients.get(sha256(der).hexdigest())
        return None if known is None else Caller(known, "certificate")

    def _is_trusted(self, request: Request) -> bool:
        return request.client is not None and lies_within(request.client.host, self._proxies)


def _der(passed: str) -> bytes | None:
    text = passed.strip()
    try:
        if text.startswith(":") and text.endswith(":"):
            return base64.b64decode(text[1:-1], validate=True)
        return ssl.PEM_cert_to_DER_cert(unquote(text))
    except (binascii.Error, ValueError):
        return None
