"""
Who may call: every proof that is configured must hold, and without any nobody may.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from gateway.config.callbacks import CallbackSettings
from gateway.config.networks import lies_within
from gateway.notices import PartnerCall, Proving

Range = ipaddress.IPv4Network | ipaddress.IPv6Network


class Authenticator(Protocol):
    """One proof."""

    def admits(self, call: PartnerCall) -> bool:
        """Whether *call* holds the proof; over its raw bytes, in constant time."""
        ...


@dataclass(frozen=True)
class FromNetworks:
    """The caller's address, where only the partner's network leads to us."""

    ranges: tuple[Range, ...]

    def admits(self, call: PartnerCall) -> bool:
        return lies_within(call.source, self.ranges)


@dataclass(frozen=True)
class Certified:
    """The subject of a client certificate, as the proxy that verified it says in *header*."""

    header: str
    subjects: tuple[bytes, ...]

    def admits(self, call: PartnerCall) -> bool:
        said = call.headers.get(self.header, "").encode() if call.proxied else b""
        # All are compared, so that the time does not tell which one fits.
        fits = [hmac.compare_digest(said, each) for each in self.subjects]
        return any(fits)


@dataclass(frozen=True)
class SharedKey:
    """A secret that travels in *header*."""

    header: str
    secret: bytes

    def admits(self, call: PartnerCall) -> bool:
        return hmac.compare_digest(call.headers.get(self.header, "").encode(), self.secret)


@dataclass(frozen=True)
class Signed:
    """HMAC-SHA256 of the raw body in *header*, in hexadecimal or base64 after *prefix*."""

    header: str
    secret: bytes
    prefix: str = ""
    encoded: Callable[[bytes], str] = bytes.hex

    def admits(self, call: PartnerCall) -> bool:
        right = self.prefix + self.encoded(hmac.new(self.secret, call.content, sha256).digest())
        return hmac.compare_digest(call.headers.get(self.header, "").encode(), right.encode())


_ENCODED: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode(),
}


class Guard:
    """
    Stands before one partner's calls. *connector* may be ``Proving``: then its proof counts like any other.
    """

    def __init__(self, settings: CallbackSettings | None, connector: object) -> None:
        self._settings = settings
        self._proving = connector if isinstance(connector, Proving) else None
        self._head, self._body = ((), ()) if settings is None else (_of_the_head(settings), _of_the_body(settings))

    @property
    def is_set(self) -> bool:
        """Whether anybody may call at all."""
        return self._settings is not None

    def admits_head(self, call: PartnerCall) -> bool:
        """
        Whether the body is worth reading: whatever can be told without it holds. Without any settings of its own, no
        partner is called from outside.
        """
        return self._settings is not None and all(each.admits(call) for each in self._head)

    def admits(self, call: PartnerCall) -> bool:
        """Whether the whole *call* is the partner's."""
        if not self.admits_head(call):
            return False
        proof = None if self._proving is None else self._proving.proof(call)
        proofs = [each.admits(call) for each in self._body] + ([] if proof is None else [proof])
        return all(proofs) and bool(self._head or proofs)


def _of_the_head(settings: CallbackSettings) -> tuple[Authenticator, ...]:
    found: list[Authenticator] = []
    if settings.from_networks:
        found.append(FromNetworks(tuple(ipaddress.ip_network(each) for each in settings.from_networks)))
    if settings.certificate_header:
        subjects = tuple(each.encode() for each in settings.certificates)
        found.append(Certified(settings.certificate_header.lower(), subjects))
    if settings.key_header and settings.shared_secret is not None:
        found.append(SharedKey(settings.key_header.lower(), settings.shared_secret.get_secret_value().encode()))
    return tuple(found)


def _of_the_body(settings: CallbackSettings) -> tuple[Authenticator, ...]:
    if not settings.signature_header or settings.signature_secret is None:
        return ()
    secret = settings.signature_secret.get_secret_value().encode()
    encoded = _ENCODED[settings.signature_encoding]
    return (Signed(settings.signature_header.lower(), secret, settings.signature_prefix, encoded),)
