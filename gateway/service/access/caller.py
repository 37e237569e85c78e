"""Whoever asks, and what it may: in whichever way it was found out."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.access import Grant, grant_of
from gateway.config.clients import ClientGrant
from gateway.model import Subject
from gateway.service.published.problems import Refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; *via* tells apart the keys of one name."""

    grant: Grant
    via: str

    @property
    def name(self) -> str:
        """The name of its source in the ledger."""
        return self.grant.name

    @property
    def actor(self) -> str:
        """Its name in the audit."""
        return f"http:{self.grant.name}/{self.via}"

    def must_cover(self, code: Subject) -> None:
        """End the request when dossiers of this agency are beyond the scope."""
        if not self.grant.covers(code):
            raise Refusal("forbidden", f"ngoài phạm vi đơn vị / beyond the scope of agencies: {code.agency}")


def granted(name: str, said: ClientGrant) -> Grant:
    """What the configuration grants to the client *name*. Raises ``InvalidInput`` for an agency that is none."""
    return grant_of(name, said.rights, None if said.all_agencies else said.agencies)
