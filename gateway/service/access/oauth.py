"""
Access tokens of an external issuer (RFC 9068): signature, issuer, audience, time, and a client that we know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import orjson

from gateway.access import Grant
from gateway.config.clients import OAuthSettings
from gateway.http import HttpFault, Line, LineSettings, open_line
from gateway.observe import Event, get_logger
from gateway.ports import Clock
from gateway.service.access.caller import Caller, granted

log = get_logger(__name__)

MOST_BYTES: Final = 1024 * 1024
ASK_AGAIN_S: Final = 10.0
"""Tokens with made-up key ids do not make us ask the issuer more often than this."""


class IssuerKeys:
    """
    The issuer's public keys, kept for a while; an unknown one is asked for at once, but not all the time.

    When the issuer cannot be reached, the keys that are known go on to count.
    """

    def __init__(
        self, settings: OAuthSettings, *, line: Line | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        parts = urlsplit(settings.jwks_url)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._settings = settings
        self._monotonic = monotonic
        self._line = line or open_line(
            "httpx",
            LineSettings(
                origin=f"{parts.scheme}://{parts.netloc}",
                connect_s=settings.timeout_s, read_s=settings.timeout_s, keepalive_s=5.0,
                answer_bytes=MOST_BYTES, ca_file=settings.ca_file,
            ),
            monotonic=monotonic,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None

    def key(self, id_: str) -> jwt.PyJWK | None:
        """The key *id_*; None when the issuer has none. While somebody asks, others wait only for unknown ones."""
        if not self._lock.acquire(blocking=id_ not in self._keys):
            return self._keys.get(id_)
        try:
            if self._is_due(self._settings.keys_s) or (id_ not in self._keys and self._is_due(ASK_AGAIN_S)):
                self._ask()
            return self._keys.get(id_)
        finally:
            self._lock.release()

    def knows(self, id_: str) -> bool:
        """Whether ``key`` answers without waiting for the issuer."""
        return id_ in self._keys

    def close(self) -> None:
        self._line.close()

    def _is_due(self, every_s: float) -> bool:
        return self._asked_at is None or self._monotonic() - self._asked_at >= every_s

    def _ask(self) -> None:
        self._asked_at = self._monotonic()
        try:
            answer = self._line.send(
                "GET", self._target, (("Accept", "application/json"),), b"",
                self._monotonic() + self._settings.timeout_s,
            )  # fmt: skip
            if answer.status != 200:
                log.warning(Event.ISSUER_UNREACHABLE, status=answer.status)
                return
        except HttpFault as fault:
            log.warning(Event.ISSUER_UNREACHABLE, error=fault.code)
            return
        known = _keys_in(answer.content, self._settings.algorithms)
        if not known:
            log.warning(Event.ISSUER_UNREACHABLE, error="no-keys")
            return
        self._keys = known


def _keys_in(content: bytes, algorithms: Sequence[str]) -> dict[str, jwt.PyJWK]:
    """
    The keys for signatures in a JWKS by their ids; entries that are none of ours are passed over. An RSA key that names
    no algorithm is for the first of *algorithms* that it can be for.
    """
    for_rsa = next((name for name in algorithms if name.startswith(("RS", "PS"))), None)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    entries = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, jwt.PyJWK] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
            continue
        with suppress(Exception):  # Whatever is wrong with one of them, the others count.
            unnamed = for_rsa if entry.get("kty") == "RSA" and "alg" not in entry else None
            found[entry["kid"]] = jwt.PyJWK(entry, unnamed)
    return found


class IssuedTokens:
    """JWT of the configured issuer as bearer tokens."""

    def __init__(self, settings: OAuthSettings, keys: IssuerKeys, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._clients = {said.client_id: granted(name, said) for name, said in settings.clients.items()}

    def caller(self, token: str) -> Caller | None:
        claims = self._claims(token)
        client = None if claims is None else claims.get(self._settings.client_claim)
        known = self._clients.get(client) if isinstance(client, str) else None
        if claims is None or known is None:
            return None
        return Caller(self._within_scope(known, claims), "oauth")

    def may_wait(self, token: str) -> bool:
        try:
            id_ = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, ValueError):
            return False
        return isinstance(id_, str) and not self._keys.knows(id_)

    def _claims(self, token: str) -> Mapping[str, Any] | None:
        try:
            head = jwt.get_unverified_header(token)
            id_ = head.get("kid")
            # What "crit" names must be understood (RFC 7515 4.1.11), and we know of nothing that it may name.
            key = self._keys.key(id_) if isinstance(id_, str) and "crit" not in head else None
            if key is None:
                return None
            # Time is judged below, by the gateway's clock.
            claims: Mapping[str, Any] = jwt.decode(
                token, key, algorithms=list(self._settings.algorithms),
                issuer=self._settings.issuer, audience=self._settings.audience,
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False, "verify_nbf": False, "verify_iat": False,
                },
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError):
            return None
        return claims if self._is_within_its_time(claims) else None

    def _is_within_its_time(self, claims: Mapping[str, Any]) -> bool:
        now, leeway = self._clock.now().timestamp(), self._settings.leeway_s
        ends, begins = claims["exp"], claims.get("nbf", claims.get("iat", 0))
        if not isinstance(ends, int | float) or not isinstance(begins, int | float):
            return False
        return begins - leeway <= now < ends + leeway

    def _within_scope(self, known: Grant, claims: Mapping[str, Any]) -> Grant:
        prefix = self._settings.scope_prefix
        if not prefix:
            return known
        said = claims.get("scope", "")
        named = {word.removeprefix(prefix) for word in str(said).split() if word.startswith(prefix)}
        return Grant(known.name, frozenset(right for right in known.rights if right in named), known.agencies)
