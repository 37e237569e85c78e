"""
Field types and the base that all canonical records share.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, Strict, StringConstraints


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, Strict(), AfterValidator(_utc)]
"""A moment, kept in UTC. Numbers are refused: 20260302 is a day to people and a second of 1970 to machines."""

Dong = Annotated[int, Strict(), Field(ge=0)]
"""Whole đồng, never negative."""

Count = Annotated[int, Strict(), Field(ge=0)]
Flag = Annotated[bool, Strict()]

Filled = Annotated[str, StringConstraints(pattern=r"\S")]
"""Text with at least one visible character, kept as given."""

Private = Field(repr=False)
"""Marks personal or free text: it stays out of ``repr`` and so out of tracebacks and logs."""


class Record(BaseModel):
    """A frozen canonical value. Unknown fields are refused; refused inputs never show in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
