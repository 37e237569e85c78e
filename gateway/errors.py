"""
Every refusal and fault of the gateway; the class is the decision.

::

    GatewayError
    ├── InvalidInput            the caller's data; nothing was accepted
    │   ├── UnknownCode         a code that no list knows; never defaulted
    │   ├── IllegalTransition   a status move that the law does not know
    │   ├── ConflictingRepeat   the same source id with another body
    │   └── KeyReused           the same idempotency key with another content
    ├── AlreadyRunning          the same request is being worked on; ask again in a moment
    ├── ConfigurationError      every mistake of one configuration at once
    ├── StoreError              our own database
    │   ├── StoreUnavailable    cannot be opened, written or reached
    │   ├── StoreFull           no room; what was accepted stays
    │   └── StoreTooNew         written by a newer release
    └── DeliveryError           a partner; see the decision in each class
        ├── Unreachable         retry: no byte of the request left us
        ├── Busy                retry, not before ``retry_after``: the partner did not process it
        │   └── Held            not even asked: an earlier answer said when to come back
        ├── Faulted             retry: the partner answered that it failed
        ├── AuthenticationFailed  hold the partner: credentials do not work
        ├── Rejected            dead letter: the same request will never pass
        └── OutcomeUnknown      look up before sending again: it may have happened

Texts are Vietnamese first with English beside, and never carry personal data, secrets or bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class GatewayError(Exception):
    """Root of all errors that the library raises on purpose."""


class InvalidInput(GatewayError):
    """
    A value that cannot be accepted, with what would be right.

    *shown* is the refused value as it may be printed: mask personal values before passing them.
    """

    def __init__(self, field: str, shown: str, reason: str, remedy: str) -> None:
        super().__init__(field, shown, reason, remedy)
        self.field = field
        self.shown = shown
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field}: «{self.shown}» {self.reason}. {self.remedy}"


class UnknownCode(InvalidInput):
    """A code that the named list does not contain."""


class IllegalTransition(InvalidInput):
    """A dossier status that cannot follow the present one."""


class ConflictingRepeat(InvalidInput):
    """A source repeated one of its ids with another body."""


class KeyReused(InvalidInput):
    """A client repeated one of its idempotency keys with another content."""


class AlreadyRunning(GatewayError):
    """The same request is being worked on by somebody else; what it does, it does once."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return (
            f"Yêu cầu «{self.key}» đang được xử lý; hãy hỏi lại sau giây lát"
            " / This request is being worked on; ask again in a moment"
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration: where, what, and what would be right."""

    path: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}. {self.remedy}"


class ConfigurationError(GatewayError):
    """All mistakes that one configuration contains."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(*problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class StoreError(GatewayError):
    """Our own database cannot do what is asked."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, reached or written."""


class StoreFull(StoreError):
    """The database has no room left. What was accepted before is safe; this was not accepted."""


class StoreTooNew(StoreError):
    """The database was written by a newer release of the gateway."""


class DeliveryError(GatewayError):
    """
    A partner did not take a message.

    *code* is the partner's own code or a short word of ours (``timeout``, ``http-503``), *text* is what
    the partner said, cleaned of personal values, and safe to show.
    """

    def __init__(self, partner: str, code: str, text: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(partner, code, text)
        self.partner = partner
        self.code = code
        self.text = text
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.partner} [{self.code}] {self.text}"


class Unreachable(DeliveryError):
    """No byte of the request left us: it cannot have had an effect."""


class Busy(DeliveryError):
    """The partner answered that it did not process the request (429, 503); obey ``retry_after`` in full."""


class Held(Busy):
    """Nothing was sent, because the partner said a moment ago when it wants to be asked again. Costs no attempt."""


class Faulted(DeliveryError):
    """The partner answered with a failure that may pass; the request had no effect by its own word."""


class AuthenticationFailed(DeliveryError):
    """The partner refuses our credentials, also after one new login."""


class Rejected(DeliveryError):
    """The partner refuses this content; sending it again unchanged is useless."""


class OutcomeUnknown(DeliveryError):
    """
    The request left us and no usable answer came back.

    The effect may exist. Look it up before sending again.
    """
