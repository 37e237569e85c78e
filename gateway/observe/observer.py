"""
Who is told what workers do, as they do it: a counter for a monitor, or nobody.

Only names that a configuration or the code gives are told, and short words; nothing of a dossier.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from gateway.lifecycle import MessageEvent


class Observer(Protocol):
    """Told from many threads, between two calls to a partner: quick, and raises nothing."""

    def called(self, partner: str, operation: str, kind: str, outcome: str, took_us: int) -> None:
        """A ``call`` or a ``probe`` ended; *outcome* is the word of its attempt, such as ``delivered``, ``busy``."""
        ...

    def carried(self, partner: str, operation: str, events: Iterable[MessageEvent]) -> None:
        """What becomes of the messages of one claim."""
        ...

    def cleared(self, kind: str, count: int) -> None:
        """So many rows of one class of data were past their time, and are deleted."""
        ...


class Nobody:
    """Is told, and does nothing."""

    def called(self, partner: str, operation: str, kind: str, outcome: str, took_us: int) -> None:
        pass

    def carried(self, partner: str, operation: str, events: Iterable[MessageEvent]) -> None:
        pass

    def cleared(self, kind: str, count: int) -> None:
        pass


NOBODY = Nobody()
