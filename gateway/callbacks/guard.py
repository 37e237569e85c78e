"""
Who may call: every proof that is configured must hold, and without any nobody may.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from pydantic import SecretStr

from gateway.config.callbacks import CallbackSettings
from gateway.config.networks import lies_within
from gateway.notices import PartnerCall, Proving

Range = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Secrets:
    """What a partner may know: one secret, and while that takes the place of an *old* one, both *until* a moment."""

    new: bytes = field(repr=False)
    old: bytes | None = field(default=None, repr=False)
    until: datetime | None = None

    def at(self, now: datetime) -> Sequence[bytes]:
        """Those that are good at *now*."""
        overlaps = self.old is not None and self.until is not None and now < self.until
        return (self.new, self.old) if overlaps and self.old is not None else (self.new,)


class Authenticator(Protocol):
    """One proof."""

    def admits(self, call: PartnerCall, now: datetime) -> bool:
        """Whether *call*, which came at *now*, holds the proof; over its raw bytes, in constant time."""
        ...


@dataclass(frozen=True)
class FromNetworks:
    """The caller's address, where only the partner's network leads to us."""

    ranges: tuple[Range, ...]

    def admits(self, call: PartnerCall, now: datetime) -> bool:  # noqa: ARG002 - an address does not end.
        return lies_within(call.source, self.ranges)


@dataclass(frozen=True)
class Certified:
    """The subject of a client certificate, as the proxy that verified it says in *header*."""

    header: str
    subjects: tuple[bytes, ...]

    def admits(self, call: PartnerCall, now: datetime) -> bool:  # noqa: ARG002 - the proxy looks at its dates.
        said = call.headers.get(self.header, "").encode() if call.proxied else b""
        return _fits(said, self.subjects)


@dataclass(frozen=True)
class SharedKey:
    """A secret that travels in *header*."""

    header: str
    secrets: Secrets

    def admits(self, call: PartnerCall, now: datetime) -> bool:
        return _fits(call.headers.get(self.header, "").encode(), self.secrets.at(now))


@dataclass(frozen=True)
class Signed:
    """HMAC-SHA256 of the raw body in *header*, in hexadecimal or base64 after *prefix*."""

    header: str
    secrets: Secrets
    prefix: str = ""
    encoded: Callable[[bytes], str] = bytes.hex

    def admits(self, call: PartnerCall, now: datetime) -> bool:
        digests = [hmac.new(secret, call.content, sha256).digest() for secret in self.secrets.at(now)]
        right = [(self.prefix + self.encoded(digest)).encode() for digest in digests]
        return _fits(call.headers.get(self.header, "").encode(), right)


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

    def admits_head(self, call: PartnerCall, now: datetime) -> bool:
        """
        Whether the body is worth reading: whatever can be told without it holds. Without any settings of its own, no
        partner is called from outside.
        """
        return self._settings is not None and all(each.admits(call, now) for each in self._head)

    def admits(self, call: PartnerCall, now: datetime) -> bool:
        """Whether the whole *call* is the partner's."""
        if not self.admits_head(call, now):
            return False
        proof = None if self._proving is None else self._proving.proof(call)
        proofs = [each.admits(call, now) for each in self._body] + ([] if proof is None else [proof])
        return all(proofs) and bool(self._head or proofs)


def _of_the_head(settings: CallbackSettings) -> tuple[Authenticator, ...]:
    found: list[Authenticator] = []
    if settings.from_networks:
        found.append(FromNetworks(tuple(ipaddress.ip_network(each) for each in settings.from_networks)))
    if settings.certificate_header:
        subjects = tuple(each.encode() for each in settings.certificates)
        found.append(Certified(settings.certificate_header.lower(), subjects))
    if settings.key_header and settings.shared_secret is not None:
        secrets = _secrets(settings.shared_secret, settings.old_shared_secret, settings.old_until)
        found.append(SharedKey(settings.key_header.lower(), secrets))
    return tuple(found)


def _of_the_body(settings: CallbackSettings) -> tuple[Authenticator, ...]:
    if not settings.signature_header or settings.signature_secret is None:
        return ()
    secrets = _secrets(settings.signature_secret, settings.old_signature_secret, settings.old_until)
    encoded = _ENCODED[settings.signature_encoding]
    return (Signed(settings.signature_header.lower(), secrets, settings.signature_prefix, encoded),)


def _secrets(new: SecretStr, old: SecretStr | None, until: datetime | None) -> Secrets:
    return Secrets(new.get_secret_value().encode(), None if old is None else old.get_secret_value().encode(), until)


def _fits(said: bytes, right: Sequence[bytes]) -> bool:
    # All are compared, so that the time does not tell which one fits.
    fits = [hmac.compare_digest(said, each) for each in right]
    return any(fits)
