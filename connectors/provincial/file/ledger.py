"""What the import asks of the gateway: its ledger's present state, and a place to submit changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.errors import InvalidInput
from gateway.model import Change, DossierCode, DossierStatus


class Receipt(Protocol):
    """The gateway's answer to one change. Neither duplicate nor refused means durably accepted."""

    @property
    def duplicate(self) -> bool:
        """The ledger held this already; nothing happened."""
        ...

    @property
    def refusal(self) -> InvalidInput | None:
        """Why the change was not accepted, or None."""
        ...


class Known(Protocol):
    """What the ledger holds of one dossier."""

    @property
    def header_fingerprint(self) -> str | None:
        """SHA-256 (hex) of ``body_json`` of the present header; None while there is no header."""
        ...

    @property
    def status(self) -> DossierStatus: ...

    @property
    def status_at(self) -> datetime: ...

    @property
    def steps(self) -> frozenset[str]:
        """The identities of the steps held."""
        ...

    @property
    def version(self) -> int:
        """Grows with every change accepted for the dossier."""
        ...


class Ledger(Protocol):
    """The gateway, as seen from a source."""

    def submit_many(self, changes: Sequence[Change], *, backfill: bool = False) -> Sequence[Receipt]:
        """
        Accept the changes durably, in order, in one commit; one receipt each. A refused change stops no other. With
        *backfill* their messages leave after live ones.
        """
        ...

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        """What the ledger holds of these dossiers, by ``DossierCode.key``; absent when it holds nothing."""
        ...
