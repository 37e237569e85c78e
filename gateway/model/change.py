"""
A change, as sources submit it, and the canonical JSON in which its body is kept for ever.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter

from gateway.model.codes import DossierCode
from gateway.model.dossier import Dossier
from gateway.model.fields import Filled, Record
from gateway.model.notice import Notice
from gateway.model.step import ProcessingStep

Body = Annotated[Dossier | ProcessingStep | Notice, Field(discriminator="kind")]


class Change(Record):
    """
    One fact from one source. *source_id* is the source's own id of it: a repeat of the same id is the same fact.
    """

    source: Filled
    source_id: Filled
    body: Body

    @property
    def dossier(self) -> DossierCode:
        """The code of the dossier that the change is about."""
        return self.body.code if isinstance(self.body, Dossier) else self.body.dossier


_BODY: TypeAdapter[Dossier | ProcessingStep | Notice] = TypeAdapter(Body)
_DOSSIER: TypeAdapter[Dossier] = TypeAdapter(Dossier)
_NOTICE: TypeAdapter[Notice] = TypeAdapter(Notice)
_STEP: TypeAdapter[ProcessingStep] = TypeAdapter(ProcessingStep)


def body_json(body: Dossier | ProcessingStep | Notice) -> bytes:
    """
    Canonical JSON of *body*: equal bodies give equal bytes. Absent values are left out, so that a field added
    later does not change the bytes of bodies that lack it.
    """
    if isinstance(body, Dossier):
        return _DOSSIER.serializer.to_json(body, exclude_none=True)
    if isinstance(body, Notice):
        # Its data are a partner's own: an empty value is a value, and the order of names says nothing.
        return orjson.dumps(_NOTICE.dump_python(body, mode="json"), option=orjson.OPT_SORT_KEYS)
    return _STEP.serializer.to_json(body, exclude_none=True)


def read_body(data: bytes) -> Dossier | ProcessingStep | Notice:
    """The inverse of ``body_json``. Raises ``pydantic.ValidationError`` on anything else; see ``explain``."""
    body: Dossier | ProcessingStep | Notice = _BODY.validator.validate_json(data)
    return body
