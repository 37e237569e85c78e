"""What the one-stop system is told: one change of one dossier, the same fields in a webhook, a row and an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Told:
    """
    *key* is the same however often it is told; *sequence* grows within a dossier. *late* says that the fact is older
    than the dossier's status. *body* is the canonical JSON of the change.
    """

    key: str
    sequence: int
    dossier: str
    kind: str
    accepted_at: datetime
    late: bool
    body: bytes = field(repr=False)

    def fields(self) -> dict[str, Any]:
        """Plain values, the body as text."""
        return {
            "key": self.key,
            "sequence": self.sequence,
            "dossier": self.dossier,
            "kind": self.kind,
            "accepted_at": self.accepted_at.isoformat(),
            "late": self.late,
            "body": self.body.decode(),
        }


def rendered(told: Told) -> bytes:
    """JSON with the body inside it, byte for byte as it is kept."""
    return orjson.dumps({**told.fields(), "body": orjson.Fragment(told.body)})
