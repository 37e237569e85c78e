"""
A change, as sources submit it, and the canonical JSON in which its body is kept for ever.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter

from gateway.model.dossier import Dossier
from gateway.model.fields import Filled, Record
from gateway.model.matter import Matter, Subject
from gateway.model.notice import Notice
from gateway.model.step import ProcessingStep

Body = Annotated[Dossier | ProcessingStep | Notice, Field(discriminator="kind")]
"""What any source may tell of a dossier."""
Told = Dossier | ProcessingStep | Notice | Matter
"""What the ledger keeps."""


class Change(Record):
    """
    One fact from one source. *source_id* is the source's own id of it: a repeat of the same id is the same fact.
    """

    source: Filled
    source_id: Filled
    body: Annotated[Told, Field(discriminator="kind")]

    @property
    def dossier(self) -> Subject:
        """The code of the dossier, or of the matter, that the change is about."""
        return self.body.code if isinstance(self.body, (Dossier, Matter)) else self.body.dossier


_BODY: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="kind")])
_DOSSIER: TypeAdapter[Dossier] = TypeAdapter(Dossier)
_STEP: TypeAdapter[ProcessingStep] = TypeAdapter(ProcessingStep)


def body_json(body: Told) -> bytes:
    """
    Canonical JSON of *body*: equal bodies give equal bytes. Absent values are left out, so that a field added
    later does not change the bytes of bodies that lack it.
    """
    if isinstance(body, Dossier):
        return _DOSSIER.serializer.to_json(body, exclude_none=True)
    if isinstance(body, (Notice, Matter)):
        # Its data are a partner's own: an empty value is a value, and the order of names says nothing.
        return orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return _STEP.serializer.to_json(body, exclude_none=True)


def read_body(data: bytes) -> Told:
    """The inverse of ``body_json``. Raises ``pydantic.ValidationError`` on anything else; see ``explain``."""
    body: Told = _BODY.validator.validate_json(data)
    return body
