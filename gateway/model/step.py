"""
One entry of a dossier's processing timeline.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from gateway.model.codes import DossierCode
from gateway.model.enums import DossierStatus
from gateway.model.fields import Filled, Moment, Private, Record
from gateway.model.text import nfc
from gateway.model.wording import Wording


class ProcessingStep(Record):
    """
    What one officer did with a dossier at one moment, and the status after it.
    """

    kind: Literal["step"] = "step"
    dossier: DossierCode
    at: Moment
    status: DossierStatus
    officer: Annotated[Filled, Private]
    content: Annotated[str, Private]
    title: Annotated[str | None, Private] = None
    department: str | None = None
    started_at: Moment | None = None
    due_at: Moment | None = None
    wording: Wording | None = None

    @property
    def identity(self) -> str:
        """
        What makes two reports the same step: dossier, time, status and text (SHA-256, hex).

        The portal tells entries apart by the same four (national_portal contract 6.4).
        """
        parts = (self.dossier.key, self.at.isoformat(), str(self.status.value), nfc(self.content))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
