"""
Who asks: a bearer token becomes a caller with rights, or the request ends. Everything is denied by default.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from threading import Lock
from typing import Annotated, Final, Protocol

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from gateway.access import ApiKeys, Right
from gateway.ports import Clock
from gateway.service.access.caller import Caller
from gateway.service.published.problems import Refusal

SCHEME: Final = "bearer"
"""The name of the security scheme in the published schema."""
BELIEVED_S: Final = 2.0
"""So long a key that was checked is believed without asking again: a revoked one works no longer than that."""
MOST_BELIEVED: Final = 4096
PATIENT: Final = 2
"""So many threads wait for what another machine says of a token."""
MOST_PATIENT: Final = 64
"""So many requests wait for their turn to be asked about; others are told to come again."""

_WRONG: Final = "khóa sai hoặc hết hạn / wrong or expired credentials"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="lienthong"'}
_bearer = HTTPBearer(scheme_name=SCHEME, auto_error=False, description="Khóa API hoặc JWT / An API key, or a JWT")


class Tokens(Protocol):
    """One kind of bearer token."""

    def caller(self, token: str) -> Caller | None:
        """Whose token it is; None when it is of another kind, or cannot be used. May block."""
        ...

    def may_wait(self, token: str) -> bool:
        """Whether another machine must be asked before anything can be said of *token*. Does not block."""
        ...


class PassedCertificates(Protocol):
    """Certificates that somebody trusted has checked."""

    def caller(self, request: Request) -> Caller | None:
        """Whose certificate came with *request*; None without one that we know."""
        ...


class KeyTokens:
    """API keys as bearer tokens."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def caller(self, token: str) -> Caller | None:
        key = self._keys.check(token)
        return None if key is None else Caller(key.grant, key.id)

    def may_wait(self, token: str) -> bool:  # noqa: ARG002 - our own database knows.
        return False


class Access:
    """Finds the caller of a request, and remembers for a moment whom it found."""

    def __init__(self, kinds: Sequence[Tokens], clock: Clock, certificates: PassedCertificates | None = None) -> None:
        self._kinds = kinds
        self._certificates = certificates
        self._clock = clock
        self._lock = Lock()
        self._believed: dict[bytes, tuple[float, Caller]] = {}
        """By the token's hash, when it was checked and whose it is."""
        # Whoever makes tokens up that another machine must be asked about takes no thread from the others.
        self._patient = anyio.CapacityLimiter(PATIENT)

    def needs(self, right: Right) -> Callable[..., Awaitable[Caller]]:
        """A dependency: the caller, who has *right*."""

        async def caller(request: Request, _shown: Annotated[object, Depends(_bearer)]) -> Caller:
            return await self.caller(request, right)

        return caller

    async def caller(self, request: Request, right: Right) -> Caller:
        """Who asks; ends the request of anybody without *right*."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            found = await self._find(token.strip())
        elif self._certificates is not None:
            found = self._certificates.caller(request)
        else:
            raise Refusal("unauthenticated", "Authorization: Bearer …", headers=_CHALLENGE)
        if found is None:
            raise Refusal("unauthenticated", _WRONG, headers=_CHALLENGE)
        if not found.grant.allows(right):
            raise Refusal("forbidden", f"thiếu quyền / lacks the right: {right}")
        return found

    async def _find(self, token: str) -> Caller | None:
        now = self._clock.now().timestamp()
        print_ = sha256(token.encode()).digest()
        with self._lock:
            checked, known = self._believed.get(print_, (0.0, None))
        # A clock that was set back makes nothing new of what is old.
        if known is not None and 0 <= now - checked < BELIEVED_S:
            return known
        limiter = self._patient if any(kind.may_wait(token) for kind in self._kinds) else None
        if limiter is not None and limiter.statistics().tasks_waiting >= MOST_PATIENT:
            raise Refusal("busy", headers={"Connection": "close"})
        found = await anyio.to_thread.run_sync(self._ask, token, limiter=limiter)
        if found is not None:
            with self._lock:
                if len(self._believed) >= MOST_BELIEVED:
                    self._believed.clear()
                self._believed[print_] = (now, found)
        return found

    def _ask(self, token: str) -> Caller | None:
        for kind in self._kinds:
            caller = kind.caller(token)
            if caller is not None:
                return caller
        return None
