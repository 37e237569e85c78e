"""
What a partner tells of a dossier beside its state: a tax notice, a receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import JsonValue

from gateway.model.codes import DossierCode
from gateway.model.fields import Filled, Private, Record


class Notice(Record):
    """
    A fact about a dossier that leaves its status alone. *topic* names the kind of notice, *data* holds its values: in
    our words where we have some, else in the partner's.
    """

    kind: Literal["notice"] = "notice"
    dossier: DossierCode
    topic: Filled
    data: Annotated[Mapping[str, JsonValue], Private]
