"""
Who may call: logins, signed sessions, and callers without a session (contract 2.4, 2.6).

A session is good in every process that has the same settings: it carries its own end, under a signature. What is
compared with a secret takes the same time whatever it is.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import struct
import threading
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256

from connectors.national_portal.facade.settings import FacadeSettings
from gateway.config.networks import lies_within, source_key
from gateway.errors import InvalidInput
from gateway.fronts import Call
from gateway.model import AgencyCode, DossierCode

_HEAD = struct.Struct(">Q8s")
_SIGNATURE_BYTES = 32
_SOURCES = 4096


class Sessions:
    """
    Opens sessions and knows them again. A new password or secret ends all that were open; one that was opened at
    another tenant's gateway is none here, whatever they share.
    """

    def __init__(self, partner: str, settings: FacadeSettings) -> None:
        account = f"{partner}\0{settings.username}\0{settings.password.get_secret_value()}"
        self._key = hmac.digest(settings.session_secret.get_secret_value().encode(), account.encode(), "sha256")
        self._lifetime_s = settings.session_lifetime_s

    def __repr__(self) -> str:
        return "<Sessions ***>"

    def open(self, tenant: str, now: datetime) -> str:
        """A new session at the gateway of *tenant*."""
        head = _HEAD.pack(int((now.timestamp() + self._lifetime_s) * 1000), secrets.token_bytes(8))
        return urlsafe_b64encode(head + self._signature(head, tenant)).decode()

    def good(self, session: str, tenant: str, now: datetime) -> bool:
        """Whether *session* was opened for *tenant*, under the same settings, and has not ended."""
        try:
            content = b64decode(session.encode(), b"-_", validate=True)
        except (NotBase64, ValueError):
            return False
        if len(content) != _HEAD.size + _SIGNATURE_BYTES:
            return False
        head = content[: _HEAD.size]
        if not hmac.compare_digest(self._signature(head, tenant), content[_HEAD.size :]):
            return False
        ends_ms: int = _HEAD.unpack(head)[0]
        return now.timestamp() * 1000 < ends_ms

    def _signature(self, head: bytes, tenant: str) -> bytes:
        # The head is of one length, so that nothing of it can be taken for the tenant's.
        return hmac.digest(self._key, head + tenant.encode(), "sha256")


class Failures:
    """Counts wrong passwords by who calls (``source_key``), of whom it remembers only so many."""

    _WINDOW = timedelta(minutes=1)

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._by_source: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def too_many(self, address: str, now: datetime) -> bool:
        with self._lock:
            since, count = self._by_source.get(source_key(address), (now, 0))
            return count >= self._most and now - since < self._WINDOW

    def note(self, address: str, now: datetime) -> None:
        source = source_key(address)
        with self._lock:
            since, count = self._by_source.pop(source, (now, 0))
            if now - since >= self._WINDOW:
                since, count = now, 0
            self._by_source[source] = (since, count + 1)
            if len(self._by_source) > _SOURCES:
                self._by_source.popitem(last=False)


class Callers:
    """Whom the settings let in, and what for."""

    def __init__(self, partner: str, settings: FacadeSettings, madonvi: str) -> None:
        self.sessions = Sessions(partner, settings)
        self.failures = Failures(settings.login_failures)
        self._username = _print(settings.username)
        self._password = _print(settings.password.get_secret_value())
        token = settings.bearer_token
        self._bearer = None if token is None else _print(f"Bearer {token.get_secret_value()}")
        self._networks = [ipaddress.ip_network(text) for text in settings.trusted_networks]
        self._units = [AgencyCode.parse(unit) for unit in settings.units or (madonvi,)]
        self._provinces = {unit.province for unit in self._units}

    def knows(self, username: str, password: str) -> bool:
        """Whether these are the account's."""
        right_name = hmac.compare_digest(_print(username), self._username)
        right_password = hmac.compare_digest(_print(password), self._password)
        return right_name and right_password

    def trusts(self, call: Call) -> bool:
        """Whether *call* needs no session: its token or its address is one of the settings'."""
        if self._bearer is not None and hmac.compare_digest(
            _print(call.headers.get("authorization", "")), self._bearer
        ):
            return True
        return lies_within(call.source, self._networks)

    def may_send_as(self, unit: str) -> bool:
        """Whether *unit*, in the old order or the new, is one of the units."""
        try:
            return AgencyCode.parse(unit) in self._units
        except InvalidInput:
            return False

    def owns(self, code: DossierCode) -> bool:
        """Whether the dossier's number was given by an agency of the same province or ministry."""
        return code.agency.province in self._provinces


def _print(text: str) -> bytes:
    """Of one length, so that a comparison does not tell the length of a secret."""
    return sha256(text.encode()).digest()
