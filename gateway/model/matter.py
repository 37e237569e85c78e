"""
What a source tells one partner beside all dossiers: a citizen's question, its answer, a month's figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import JsonValue

from gateway.errors import InvalidInput
from gateway.model.codes import AgencyCode, DossierCode
from gateway.model.fields import Filled, Private, Record
from gateway.model.text import show
from gateway.model.verbatim import Verbatim, given_text

MATTER_FIELD = "mã việc ngoài hồ sơ (code of a matter)"
_MATTER = re.compile(
    r"([a-z][a-z0-9_-]{0,62})/([a-z][a-z-]{0,31})/([^/\s]{1,64})/([0-9A-Za-z][0-9A-Za-z._-]{0,63})", re.ASCII
)


class MatterCode(Verbatim):
    """
    The code of one matter, ``cong/hoi-dap/H99.01/42``: the partner that it is for, its topic, the agency that it
    concerns, its number there.

    It holds nothing about a person, and no dossier's code looks like it.
    """

    __slots__ = ("agency", "number", "partner", "topic")

    partner: str
    """Its name in the configuration."""
    topic: str
    agency: AgencyCode
    number: str

    @classmethod
    def parse(cls, text: str) -> MatterCode:
        given = given_text(MATTER_FIELD, text)
        found = _MATTER.fullmatch(given)
        if found is None:
            raise InvalidInput(
                MATTER_FIELD,
                show(given),
                "không gồm đúng bốn phần nối bằng dấu gạch chéo (is not four parts joined by slashes)",
                "Cấu trúc: <đối tác>/<loại>/<mã cơ quan>/<số>, ví dụ cong/hoi-dap/H99.01/42 "
                "(partner, topic, agency code, number)",
            )
        partner, topic, agency_text, number = found.groups()
        agency = AgencyCode.parse(agency_text)
        key = f"{partner}/{topic}/{agency.key}/{number}"
        return cls(text=given, key=key, partner=partner, topic=topic, agency=agency, number=number)


Subject = DossierCode | MatterCode
"""What a change is about: everything of one subject reaches a partner in order."""


def subject_of(text: str) -> Subject:
    """A dossier's code, or a matter's. Raises ``InvalidInput``."""
    return MatterCode.parse(text) if "/" in text else DossierCode.parse(text)


class Matter(Record):
    """
    A fact that is for the partner of *code* alone, in the form that it calls *form*: *data* is as its source wrote it.

    The latest fact of a code is how the matter stands; the same again says nothing new.
    """

    kind: Literal["matter"] = "matter"
    code: MatterCode
    form: Filled
    data: Annotated[Mapping[str, JsonValue], Private]
