"""
Field types and the base that all canonical records share.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, Strict, StringConstraints
from pydantic_core import CoreSchema, core_schema

_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 16, 59, 59, 999_999, tzinfo=UTC)
"""Moments that have a date in Vietnam, too."""


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class _MomentSchema:
    """Aware moments into UTC. Canonical JSON is in UTC already and takes a way without a call into Python."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        aware = core_schema.no_info_after_validator_function(
            _utc, core_schema.datetime_schema(strict=True, tz_constraint="aware", ge=_FIRST, le=_LAST)
        )
        canonical = core_schema.datetime_schema(strict=True, tz_constraint=0, ge=_FIRST, le=_LAST)
        either = core_schema.union_schema(
            [canonical, aware],
            mode="left_to_right",
            custom_error_type="datetime_moment",
            custom_error_message="Input should be an ISO 8601 time with an offset",
        )
        return core_schema.json_or_python_schema(json_schema=either, python_schema=aware)


Moment = Annotated[datetime, _MomentSchema]
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
